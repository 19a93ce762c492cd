using System.Text;
using System.Buffers.Text;

namespace EventLoops.Benchmarks.Load.Wire;

/// <summary>Counts the answers in what an HTTP server sends: each is 200 with a Content-Length, or the run is worth nothing.</summary>
internal sealed class ResponseScanner
{
    private const int LongestHead = 16 * 1024;

    private readonly byte[] _head = new byte[LongestHead];
    private int _headLength;
    private long _bodyLeft = -1;

    /// <summary>How long the body of the first answer was; all others are as long.</summary>
    public long BodyLength { get; private set; } = -1;

    /// <summary>Takes bytes up to the end of an answer.</summary>
    /// <returns>Whether there was one; false when the bytes are used up first.</returns>
    public bool TryReadAnswer(ref ReadOnlySpan<byte> bytes)
    {
        if (_bodyLeft < 0 && !TryReadHead(ref bytes))
            return false;

        int count = (int)Math.Min(_bodyLeft, bytes.Length);
        bytes = bytes[count..];
        _bodyLeft -= count;
        if (_bodyLeft > 0)
            return false;

        _bodyLeft = -1;
        return true;
    }

    private bool TryReadHead(ref ReadOnlySpan<byte> bytes)
    {
        if (_headLength == 0)
        {
            int end = bytes.IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                Read(bytes[..end]);
                bytes = bytes[(end + 4)..];
                return true;
            }
        }

        // The rare case: the head is cut, so it is put together first.
        while (!bytes.IsEmpty)
        {
            if (_headLength == _head.Length)
                throw new LoadException("The server's head does not end.");

            _head[_headLength++] = bytes[0];
            bytes = bytes[1..];
            if (!_head.AsSpan(0, _headLength).EndsWith("\r\n\r\n"u8))
                continue;

            Read(_head.AsSpan(0, _headLength - 4));
            _headLength = 0;
            return true;
        }

        return false;
    }

    private void Read(ReadOnlySpan<byte> head)
    {
        int at = head.IndexOf("\r\nContent-Length: "u8);
        if (at < 0)
            at = head.IndexOf("\r\ncontent-length: "u8);
        if (!head.StartsWith("HTTP/1.1 200 "u8) || at < 0 || !Utf8Parser.TryParse(head[(at + 18)..], out long length, out _))
            throw new LoadException($"The server answered: {Encoding.Latin1.GetString(head)}");

        if (BodyLength < 0)
            BodyLength = length;
        if (length != BodyLength)
            throw new LoadException($"An answer has {length} bytes and not {BodyLength}.");
        _bodyLeft = length;
    }
}
