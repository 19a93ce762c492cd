using System.Diagnostics.CodeAnalysis;
using System.Text;
using EventLoops.Protocols.Http;

namespace EventLoops;

/// <summary>What <see cref="FormReader.Read"/> found.</summary>
public enum FormEventKind : byte
{
    /// <summary>The input was used up and the form goes on.</summary>
    NeedMore,

    /// <summary>A field begins: <see cref="FormReader.Name"/> and, for a file, <see cref="FormReader.FileName"/> can be read until the call after its end.</summary>
    FieldBegin,

    /// <summary>Bytes of the field's value, never none, in <see cref="FormEvent.Data"/>.</summary>
    Data,

    /// <summary>The field is complete.</summary>
    FieldEnd,

    /// <summary>The form is complete.</summary>
    End,

    /// <summary>The form is refused, see <see cref="FormReader.Fault"/>; there is nothing more to read.</summary>
    Fault,
}

/// <summary>One step through a form.</summary>
public readonly ref struct FormEvent
{
    internal FormEvent(FormEventKind kind, ReadOnlySpan<byte> data = default)
    {
        Kind = kind;
        Data = data;
    }

    /// <summary>What was found.</summary>
    public FormEventKind Kind { get; }

    /// <summary>Bytes of a value; decoded, and valid until the next call.</summary>
    public ReadOnlySpan<byte> Data { get; }
}

/// <summary>
/// Takes a form apart as its bytes come, so that a file of any size needs no memory: give it what <c>OnHttpBody</c> brings, and what it finds is told in
/// events. It reads both ways in which browsers send forms, <c>multipart/form-data</c> (RFC 7578) and <c>application/x-www-form-urlencoded</c>.
/// It touches no connection; keep one in the session for as long as the request lasts.
/// </summary>
/// <example>
/// <code>
/// FormEvent step;
/// while ((step = reader.Read(ref part)).Kind is not (FormEventKind.NeedMore or FormEventKind.Fault)) { /* FieldBegin, Data, FieldEnd */ }
/// </code>
/// </example>
public abstract class FormReader
{
    private protected FormReader(FormLimits limits) => Limits = limits;

    /// <summary>The name of the field at hand, decoded. Valid until the call after its end; empty between fields.</summary>
    public abstract ReadOnlySpan<byte> Name { get; }

    /// <summary>Whether the field at hand is a file: it has a file name, even if that is empty because none was chosen.</summary>
    public abstract bool IsFile { get; }

    /// <summary>
    /// The name that the file has at the client's side, as the client wrote it. It may be anything: never use it as a path. Empty for a field that is no file.
    /// </summary>
    public abstract ReadOnlySpan<byte> FileName { get; }

    /// <summary>The media type that the client gives to the field at hand; empty when it gives none. A claim, not a fact.</summary>
    public abstract ReadOnlySpan<byte> ContentType { get; }

    /// <summary>Why the form is refused; <see cref="ProtocolFaults.HttpStatus"/> tells with which status.</summary>
    public ProtocolFault Fault { get; private protected set; }

    private protected FormLimits Limits { get; }

    /// <summary>Makes a reader for a request's body.</summary>
    /// <param name="contentType">The value of the Content-Type field.</param>
    /// <param name="reader">The reader, or null when it is no form, or one whose boundary is missing or malformed.</param>
    /// <param name="limits">What the form may hold; null for the defaults.</param>
    /// <returns>Whether it is a form that can be read. The answer to one that is not is 415 (RFC 9110 15.5.16).</returns>
    /// <exception cref="ArgumentOutOfRangeException">A limit is too small.</exception>
    public static bool TryCreate(ReadOnlySpan<byte> contentType, [NotNullWhen(true)] out FormReader? reader, FormLimits? limits = null)
    {
        limits ??= new FormLimits();
        limits.Validate();
        reader = null;
        ParameterList parameters = new(contentType);
        if (Ascii.EqualsIgnoreCase(parameters.First, "application/x-www-form-urlencoded"u8))
        {
            reader = new UrlEncodedReader(limits);
        }
        else if (Ascii.EqualsIgnoreCase(parameters.First, "multipart/form-data"u8))
        {
            byte[] boundary = BoundaryOf(parameters);
            if (boundary.Length > 0)
                reader = new MultipartReader(boundary, limits);
        }

        return reader is not null;
    }

    /// <summary>Reads up to the next event and moves <paramref name="input"/> behind it. Call it until it says NeedMore, End or Fault.</summary>
    /// <param name="input">What has come of the body.</param>
    /// <param name="isLast">Whether the body ends with this input, as in <c>OnHttpBodyEnd</c>, where it may be empty. Then NeedMore never comes.</param>
    /// <returns>What was found.</returns>
    public abstract FormEvent Read(scoped ref ReadOnlySpan<byte> input, bool isLast = false);

    private protected FormEvent Refuse(ProtocolFault fault)
    {
        Fault = fault;
        return new FormEvent(FormEventKind.Fault);
    }

    // RFC 2046 5.1.1: 1 to 70 of these characters, the last of which is no space.
    private static byte[] BoundaryOf(ParameterList parameters)
    {
        byte[] boundary = [];
        foreach (ParameterList parameter in parameters)
        {
            if (!parameter.IsNamed("boundary"u8))
                continue;
            if (boundary.Length > 0 || parameter.Value.Length is 0 or > MultipartReader.MaxBoundary || parameter.Value[^1] == ' ')
                return [];
            if (parameter.Value.ContainsAnyExcept(MultipartReader.BoundaryBytes))
                return [];

            boundary = parameter.Value.ToArray();
        }

        return boundary;
    }
}
