using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace EventLoops.Samples;

/// <summary>Reads a value from the text of the command line.</summary>
/// <returns>Whether it is one.</returns>
internal delegate bool ValueReader<T>(string text, out T value);

/// <summary>Command lines that answer a mistake with one sentence and the exit code 2.</summary>
internal static class Usage
{
    public const int ExitCode = 2;

    /// <summary>Runs the action of a command, or says what is wrong with the arguments.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(RootCommand command, string[] args)
    {
        // An argument that begins with @ is a value like any other, and no file with more arguments in it.
        ParseResult result = command.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (result.Action is not ParseErrorAction)
            return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });

        Console.Error.WriteLine(result.Errors[0].Message);
        return ExitCode;
    }

    /// <summary>An option with a value.</summary>
    /// <param name="name">Its name, with the dashes.</param>
    /// <param name="placeholder">What the help shows for the value.</param>
    /// <param name="meaning">What the help says.</param>
    /// <param name="expected">What it takes, for the sentence about a wrong value.</param>
    /// <param name="read">Reads the value.</param>
    public static Option<T> Option<T>(string name, string placeholder, string meaning, string expected, ValueReader<T> read) => new(name)
    {
        Description = meaning,
        HelpName = placeholder,
        CustomParser = given => Read(given, name, expected, read),
    };

    /// <summary>An option that may be given any number of times; none is an empty list.</summary>
    /// <inheritdoc cref="Option{T}" path="/param" />
    public static Option<IReadOnlyList<T>> Repeated<T>(string name, string placeholder, string meaning, string expected, ValueReader<T> read) => new(name)
    {
        Description = meaning,
        HelpName = placeholder,
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        DefaultValueFactory = _ => [],
        CustomParser = given => [.. given.Tokens.Select(token => Read(given, token.Value, name, expected, read))],
    };

    /// <summary>An option whose value is one of a few words.</summary>
    /// <param name="name">Its name, with the dashes.</param>
    /// <param name="meaning">What the help says.</param>
    /// <param name="expected">What the words are, for the sentence about a wrong one.</param>
    /// <param name="choices">The words; the first one is the default.</param>
    public static Option<string> Choice(string name, string meaning, string expected, params string[] choices)
    {
        string expectedWords = $"{expected} ({string.Join(", ", choices)})";
        return Option<string>(name, string.Join('|', choices), meaning, expectedWords, TryRead).Or(choices[0]);

        bool TryRead(string text, out string value)
        {
            value = text;
            return choices.Contains(text, StringComparer.Ordinal);
        }
    }

    /// <summary>An argument that has to be there.</summary>
    /// <inheritdoc cref="Option{T}" path="/param" />
    public static Argument<T> Argument<T>(string name, string meaning, string expected, ValueReader<T> read) => new(name)
    {
        Description = meaning,
        CustomParser = given => Read(given, name, expected, read),
    };

    /// <summary>Gives an option the value that it has when it is not named.</summary>
    public static Option<T> Or<T>(this Option<T> option, T standard)
    {
        option.DefaultValueFactory = _ => standard;
        return option;
    }

    /// <summary>Gives an option a second name, of one letter.</summary>
    public static Option<T> Also<T>(this Option<T> option, string shortName)
    {
        option.Aliases.Add(shortName);
        return option;
    }

    private static T Read<T>(ArgumentResult given, string name, string expected, ValueReader<T> read) =>
        Read(given, given.Tokens[0].Value, name, expected, read);

    private static T Read<T>(ArgumentResult given, string text, string name, string expected, ValueReader<T> read)
    {
        if (!read(text, out T value))
            given.AddError($"{name} takes {expected}, not '{text}'.");
        return value;
    }
}
