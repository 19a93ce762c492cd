namespace EventLoops.Tests.Documents;

/// <summary>The names that libwebsockets' coding notes use, section by section, with the members of the structs that they print.</summary>
internal static class LibwebsocketsNames
{
    public static readonly string[] All =
    [
        "lws_daemonize",
        "wsi", "websocket", "LWS_CALLBACK_SERVER_WRITEABLE", "LWS_CALLBACK_CLIENT_WRITEABLE", "SSL_library_init",
        "lws_callback_on_writable", "lws_callback_on_writable_all_protocol",
        "lws_is_final_fragment", "lws_remaining_packet_payload", "libwebsockets_remaining_packet_payload",
        "LWS_CALLBACK_RECEIVE", "in", "len", "user",
        "lws_set_log_level", "lwsl_emit_syslog", "setlogmask", "openlog", "closelog",
        "lwsl_err", "lwsl_warn", "lwsl_notice", "lwsl_info", "lwsl_debug",
        "LWS_CALLBACK_ADD_POLL_FD", "LWS_CALLBACK_DEL_POLL_FD", "LWS_CALLBACK_SET_MODE_POLL_FD", "LWS_CALLBACK_CLEAR_MODE_POLL_FD",
        "lws_service_fd", "pollfd",
        "INSTALL_DATADIR",
        "LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION", "LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH",
        "ka_time", "ka_probes", "ka_interval",
        "ssl_cipher_list", "lws_context_creation_info",
        "lws_client_connect_info", "LWS_CALLBACK_CLIENT_ESTABLISHED", "LWS_CALLBACK_CLIENT_CONNECTION_ERROR", "lws_service",
        "LWS_VISIBLE", "LWS_EXTERN", "lws_plat_file_ops", "lws_get_fops", "lws_context", "lws_filefd_type",
        "lws_plat_file_open", "lws_plat_file_close", "lws_plat_file_seek_cur", "lws_plat_file_read", "lws_plat_file_write",
        "LWS_SSL_SERVER_WITH_ECDH_CERT", "LWS_SERVER_OPTION_SSL_ECDH", "options",
        "count_threads", "fd_limit_per_thread", "tsi", "LWS_MAX_SMP", "lws_get_count_threads",
        "LWS_WITH_LIBEV", "LWS_WITH_LIBUV", "LWS_SERVER_OPTION_LIBEV", "LWS_SERVER_OPTION_LIBUV",
        "lws_set_extension_option",
        "method", "LWS_CALLBACK_RECEIVE_CLIENT_HTTP", "lws_http_client_read", "LWS_PRE",
        "LWS_SERVER_OPTION_EXPLICIT_VHOSTS", "lws_create_vhost", "lws_create_context", "lws_vhost",
        "port", "iface", "protocols", "lws_protocols", "extensions", "lws_extension",
        "lws_http_mount", "mount_next", "mountpoint", "origin", "def", "lws_protocol_vhost_options", "cgienv", "cgi_timeout",
        "cache_max_age", "cache_reusable", "cache_revalidate", "cache_intermediaries", "origin_protocol", "mountpoint_len",
        "LWSMPRO_HTTP", "LWSMPRO_HTTPS", "LWSMPRO_FILE", "LWSMPRO_CGI", "LWSMPRO_REDIR_HTTP", "LWSMPRO_REDIR_HTTPS",

        // What the notes take for granted, and every program uses.
        "lws_write", "LWS_WRITE_TEXT", "LWS_WRITE_BINARY", "LWS_WRITE_CONTINUATION", "LWS_WRITE_NO_FIN", "LWS_WRITE_PING", "LWS_WRITE_PONG",
        "LWS_WRITE_HTTP", "LWS_WRITE_HTTP_HEADERS", "LWS_WRITE_HTTP_FINAL", "LWS_WRITE_CLIENT_IGNORE_XOR_MASK",
        "lws_close_reason", "lws_rx_flow_control", "lws_hdr_copy", "lws_hdr_total_length", "lws_set_timeout", "lws_cancel_service",
        "lws_service_adjust_timeout", "lws_protocol_vh_priv_zalloc", "lws_protocol_vh_priv_get", "per_session_data_size", "rx_buffer_size",
        "lws_pollargs", "fd", "events", "prev_events", "lws_context_destroy",
    ];
}
