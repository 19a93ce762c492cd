/*
 * The echo that the benchmarks run on libwebsockets: whole messages back in the writable callback, as many as the socket takes, and thirteen bytes
 * for every HTTP request.
 *
 *   lwsecho PORT [CERTIFICATE KEY]      cc -O2 -o lwsecho lwsecho.c -lwebsockets
 */
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST (2 * 1024 * 1024)

/* The messages of one connection that wait for their turn, one behind the other, each with room for the header in front. */
struct waiting {
	struct waiting *next;
	size_t length;
	unsigned char bytes[];
};

struct session {
	struct waiting *first, *last;
	unsigned char *part;
	size_t length;
};

static int keep(struct session *s)
{
	struct waiting *w = malloc(sizeof *w + LWS_PRE + s->length);

	if (!w)
		return -1;
	w->next = NULL;
	w->length = s->length;
	memcpy(w->bytes + LWS_PRE, s->part, s->length);
	if (s->last)
		s->last->next = w;
	else
		s->first = w;
	s->last = w;
	s->length = 0;
	return 0;
}

static int on_echo(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct session *s = user;
	struct waiting *w;

	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
		memset(s, 0, sizeof *s);
		break;
	case LWS_CALLBACK_RECEIVE:
		if (s->length + len > LARGEST)
			return -1;
		s->part = realloc(s->part, s->length + len);
		if (!s->part)
			return -1;
		memcpy(s->part + s->length, in, len);
		s->length += len;
		if (!lws_is_final_fragment(wsi))
			break;
		if (keep(s))
			return -1;
		lws_callback_on_writable(wsi);
		break;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		while ((w = s->first) && !lws_send_pipe_choked(wsi)) {
			if (lws_write(wsi, w->bytes + LWS_PRE, w->length, LWS_WRITE_BINARY) < (int)w->length)
				return -1;
			s->first = w->next;
			if (!s->first)
				s->last = NULL;
			free(w);
		}
		if (s->first)
			lws_callback_on_writable(wsi);
		break;
	case LWS_CALLBACK_CLOSED:
		while ((w = s->first)) {
			s->first = w->next;
			free(w);
		}
		free(s->part);
		break;
	default:
		break;
	}
	return 0;
}

static int on_http(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	unsigned char room[LWS_PRE + 512], *start = room + LWS_PRE, *p = start, *end = room + sizeof room;

	switch (reason) {
	case LWS_CALLBACK_HTTP:
		if (lws_add_http_common_headers(wsi, 200, "text/plain", 13, &p, end) || lws_finalize_write_http_header(wsi, start, &p, end))
			return 1;
		lws_callback_on_writable(wsi);
		return 0;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		memcpy(start, "Hello, World!", 13);
		if (lws_write(wsi, start, 13, LWS_WRITE_HTTP_FINAL) != 13)
			return 1;
		return lws_http_transaction_completed(wsi) ? -1 : 0;
	default:
		return lws_callback_http_dummy(wsi, reason, user, in, len);
	}
}

static const struct lws_protocols protocols[] = {
	{ .name = "http", .callback = on_http },
	{ .name = "echo", .callback = on_echo, .per_session_data_size = sizeof(struct session), .rx_buffer_size = 65536 },
	{ .name = "echo-whole", .callback = on_echo, .per_session_data_size = sizeof(struct session), .rx_buffer_size = 65536 },
	{ 0 },
};

int main(int argc, char **argv)
{
	struct lws_context_creation_info info;
	struct lws_context *context;

	if (argc != 2 && argc != 4) {
		fprintf(stderr, "usage: lwsecho PORT [CERTIFICATE KEY]\n");
		return 2;
	}
	memset(&info, 0, sizeof info);
	info.port = atoi(argv[1]);
	info.iface = "lo";
	info.protocols = protocols;
	info.pt_serv_buf_size = 65536;
	if (argc == 4) {
		info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		info.ssl_cert_filepath = argv[2];
		info.ssl_private_key_filepath = argv[3];
	}
	lws_set_log_level(LLL_ERR, NULL);
	context = lws_create_context(&info);
	if (!context)
		return 1;
	while (lws_service(context, 0) >= 0)
		;
	lws_context_destroy(context);
	return 0;
}
