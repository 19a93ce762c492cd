namespace EventLoops.Protocols.Http;

/// <summary>What the conditions of a request come to.</summary>
internal enum PreconditionResult : byte
{
    /// <summary>The request is to be served.</summary>
    Met,

    /// <summary>304: what the client has is right.</summary>
    NotModified,

    /// <summary>412: the client wanted something else than there is.</summary>
    Failed,
}

/// <summary>Conditional requests, in the order of precedence that RFC 9110 13.2.2 gives them.</summary>
internal static class Preconditions
{
    /// <summary>Judges a GET or HEAD.</summary>
    /// <param name="fields">The fields of the request.</param>
    /// <param name="tag">The entity tag of what would be sent, strong and with its quotes; empty for none.</param>
    /// <param name="modified">When it was modified, in whole seconds; null when that is not known.</param>
    internal static PreconditionResult Judge(HeaderCollection fields, ReadOnlySpan<byte> tag, DateTimeOffset? modified)
    {
        if (fields.Contains(KnownHeader.IfMatch))
        {
            if (!IsTagIn(fields, KnownHeader.IfMatch, tag, weakly: false))
                return PreconditionResult.Failed;
        }
        else if (modified is not null && HttpDate.TryParse(fields[KnownHeader.IfUnmodifiedSince], out DateTimeOffset since) && modified > since)
        {
            return PreconditionResult.Failed;
        }

        // RFC 9110 13.1.3: with If-None-Match there, If-Modified-Since is not looked at.
        if (fields.Contains(KnownHeader.IfNoneMatch))
            return IsTagIn(fields, KnownHeader.IfNoneMatch, tag, weakly: true) ? PreconditionResult.NotModified : PreconditionResult.Met;

        bool isOld = modified is not null && HttpDate.TryParse(fields[KnownHeader.IfModifiedSince], out DateTimeOffset known) && modified <= known;
        return isOld ? PreconditionResult.NotModified : PreconditionResult.Met;
    }

    /// <summary>
    /// Whether the Range field counts: without <c>If-Range</c> it does, and with it only when that names exactly what would be sent (RFC 9110 13.1.5).
    /// </summary>
    internal static bool RangeCounts(HeaderCollection fields, ReadOnlySpan<byte> tag, DateTimeOffset? modified)
    {
        if (!fields.Contains(KnownHeader.IfRange))
            return true;

        ReadOnlySpan<byte> value = fields[KnownHeader.IfRange];
        if (!value.IsEmpty && value[0] == '"')
            return !tag.IsEmpty && value.SequenceEqual(tag);
        return modified is not null && HttpDate.TryParse(value, out DateTimeOffset known) && modified == known;
    }

    private static bool IsTagIn(HeaderCollection fields, KnownHeader header, ReadOnlySpan<byte> tag, bool weakly)
    {
        foreach (HeaderField field in fields)
        {
            if (field.Known == header && EntityTag.IsIn(field.Value, tag, weakly))
                return true;
        }

        return false;
    }
}
