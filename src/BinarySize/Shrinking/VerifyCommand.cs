using System.Globalization;
using System.Text;

namespace BinarySize.Shrinking;

/// <summary>
/// The project's own command that must succeed on the artifact: run by the platform's shell in the project's folder, with
/// <c>{artifact}</c> replaced by the path of the main executable. Exit code 0 is success.
/// </summary>
public sealed class VerifyCommand : IArtifactCheck
{
    /// <summary>What stands for the artifact.</summary>
    public const string Placeholder = "{artifact}";

    private readonly string _command;
    private readonly ToolOptions _options;

    /// <param name="command">The command, as the project has it.</param>
    /// <param name="options">Where it runs, with which variables, and for how long at most.</param>
    public VerifyCommand(string command, ToolOptions options)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(options);
        _command = command;
        _options = options;
    }

    /// <summary>Reads a limit as BinarySizeVerifyTimeout has it, a number of seconds; false for anything else.</summary>
    public static bool TryParseLimit(string text, out TimeSpan limit)
    {
        bool good = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds is > 0 and <= 1e6;
        limit = good ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero;
        return good;
    }

    /// <inheritdoc/>
    public string Key
    {
        get
        {
            var key = new StringBuilder(_command).Append('\n').Append(_options.Timeout?.Ticks.ToString(CultureInfo.InvariantCulture));
            foreach (string path in Files())
            {
                var file = new FileInfo(path);
                key.Append(CultureInfo.InvariantCulture, $"\n{file.FullName}\t{file.Length}\t{file.LastWriteTimeUtc.Ticks}");
            }
            return key.ToString();
        }
    }

    /// <summary>Full paths of the files that the command names (a script, say): they are part of it.</summary>
    public IReadOnlyList<string> Files()
    {
        var files = new List<string>();
        foreach (string word in _command.Split([' ', '\t', '\'', '"', ';', '&', '|', '(', ')', '<', '>', '='], StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.Contains(Placeholder, StringComparison.Ordinal) || word.AsSpan().ContainsAny('\0', '*', '?')) continue;
            string file = Path.GetFullPath(Path.Combine(_options.WorkingDirectory ?? ".", word));
            if (File.Exists(file)) files.Add(file);
        }
        return files;
    }

    /// <inheritdoc/>
    public CheckResult Check(string path, CancellationToken cancel)
    {
        ToolRun run = ExternalTool.RunShell(Expand(_command, path, OperatingSystem.IsWindows()), _options, cancel);
        return new CheckResult(run.Succeeded, run.Describe());
    }

    /// <summary>
    /// Puts a path in. Where it holds nothing that a shell reads as more than itself it stands as it is, so that it can be
    /// part of a longer quoted text; otherwise it is quoted, in place of the quotes that stand directly around the placeholder.
    /// </summary>
    internal static string Expand(string command, string path, bool isWindows)
    {
        bool plain = path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or '+' or ',' or '@' or ':' || (isWindows && c == '\\'));
        if (plain) return command.Replace(Placeholder, path, StringComparison.Ordinal);
        string quoted = isWindows ? $"\"{path}\"" : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";
        return command
            .Replace($"\"{Placeholder}\"", quoted, StringComparison.Ordinal)
            .Replace($"'{Placeholder}'", quoted, StringComparison.Ordinal)
            .Replace(Placeholder, quoted, StringComparison.Ordinal);
    }
}
