using System.Globalization;
using System.Text.Json;

namespace TestServer.Config;

/// <summary>Where in a text of JSON a value stands that is known by its path, such as <c>$.hosts[0].listen[1]</c>.</summary>
internal static class JsonPlace
{
    /// <summary>The line, from 1; 0 when there is no such value.</summary>
    public static int LineOf(ReadOnlySpan<byte> json, string path)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        return reader.Read() && Find(ref reader, "$", path) ? 1 + json[..(int)reader.TokenStartIndex].Count((byte)'\n') : 0;
    }

    /// <summary>Leaves the reader at the value, or behind everything.</summary>
    private static bool Find(ref Utf8JsonReader reader, string here, string path)
    {
        if (here == path)
            return true;

        bool isArray = reader.TokenType == JsonTokenType.StartArray;
        if (!isArray && reader.TokenType != JsonTokenType.StartObject)
            return false;

        for (int i = 0; reader.Read() && reader.TokenType is not (JsonTokenType.EndArray or JsonTokenType.EndObject); i++)
        {
            string inner = isArray ? string.Create(CultureInfo.InvariantCulture, $"{here}[{i}]") : $"{here}.{reader.GetString()}";
            if (!isArray)
                reader.Read();
            if (Find(ref reader, inner, path))
                return true;
        }

        return false;
    }
}
