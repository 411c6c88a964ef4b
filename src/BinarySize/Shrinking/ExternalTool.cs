using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace BinarySize.Shrinking;

/// <summary>How a run of a program ended.</summary>
public enum ToolEnd
{
    /// <summary>By itself; the exit code says how it went.</summary>
    Exited,

    /// <summary>It could not be started: not there, not executable, for another machine.</summary>
    NotStarted,

    /// <summary>It ran longer than it was given, and was ended with everything that it had started.</summary>
    TimedOut,
}

/// <summary>What a run of a program came to.</summary>
/// <param name="End">How it ended.</param>
/// <param name="ExitCode">Its exit code where it exited (128 + number where a signal ended it), otherwise -1.</param>
/// <param name="Output">The last lines of standard output, at most <see cref="ToolOptions.MaxLines"/>.</param>
/// <param name="Errors">The last lines of standard error, at most <see cref="ToolOptions.MaxLines"/>.</param>
/// <param name="Elapsed">From its start to its end.</param>
/// <param name="Problem">Why it could not be started; null where it was.</param>
public sealed record ToolRun(ToolEnd End, int ExitCode, IReadOnlyList<string> Output, IReadOnlyList<string> Errors, TimeSpan Elapsed, string? Problem = null)
{
    /// <summary>True where it ended by itself with exit code 0.</summary>
    public bool Succeeded => End == ToolEnd.Exited && ExitCode == 0;

    /// <summary>
    /// How it ended in one line: "exit code 1: no space left on device". The last lines of what it printed are text from
    /// outside; a sink escapes them.
    /// </summary>
    /// <param name="lines">How many of the last lines are told at most.</param>
    public string Describe(int lines = 3)
    {
        string how = End switch
        {
            ToolEnd.NotStarted => Problem ?? "it could not be started",
            ToolEnd.TimedOut => string.Create(CultureInfo.InvariantCulture, $"it did not end within {Elapsed.TotalSeconds:0.#} s"),
            _ => string.Create(CultureInfo.InvariantCulture, $"exit code {ExitCode}"),
        };
        IReadOnlyList<string> said = Errors.Count > 0 ? Errors : Output;
        return said.Count == 0 ? how : how + ": " + string.Join(" | ", said.Skip(Math.Max(0, said.Count - lines)));
    }
}

/// <summary>How a program is run.</summary>
public sealed record ToolOptions
{
    /// <summary>Time that it is given; longer ends it. Null: any time.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The folder that it runs in; null: the current one.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Variables that are set for it, or with null removed, besides those of this process.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>How many of the last lines of each stream are kept.</summary>
    public int MaxLines { get; init; } = 40;
}

/// <summary>
/// Finds and runs programs of others. A program that is missing, hangs, prints without end or dies is a result, never an
/// exception.
/// </summary>
public static class ExternalTool
{
    // What a background process that outlives its parent may still hold open must not hold us.
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The full path of a program: of <paramref name="path"/> alone where one is given (a file, or a name that is looked
    /// up), otherwise the first of <paramref name="names"/> on the PATH, then in the places where package managers put
    /// programs on this system. Null where there is none.
    /// </summary>
    /// <param name="names">Names in the order of preference, without ".exe".</param>
    /// <param name="path">The one that a user named.</param>
    /// <param name="searchPath">Folders to look in, separated as in PATH; null: this process's PATH. Relative ones are passed over.</param>
    /// <param name="wellKnownPlaces">False: look in <paramref name="searchPath"/> alone.</param>
    public static string? Find(IReadOnlyList<string> names, string? path = null, string? searchPath = null, bool wellKnownPlaces = true)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (!string.IsNullOrWhiteSpace(path))
        {
            if (path.Contains('/') || path.Contains('\\') || Path.IsPathRooted(path)) return AsProgram(Path.GetFullPath(path));
            names = [path];
        }
        string[] folders = (searchPath ?? System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        foreach (string name in names)
        {
            foreach (string folder in wellKnownPlaces ? [.. folders, .. WellKnownPlaces()] : folders)
            {
                // A relative entry would run what happens to lie in the project.
                string trimmed = folder.Trim('"');
                if (Path.IsPathFullyQualified(trimmed) && AsProgram(Path.Combine(trimmed, name)) is { } found) return found;
            }
        }
        return null;
    }

    /// <summary>
    /// Runs a program with its arguments as they are, through no shell, and waits for its end. Standard input is empty.
    /// </summary>
    /// <exception cref="OperationCanceledException">It was cancelled; the program and everything that it started are ended.</exception>
    public static ToolRun Run(string program, IEnumerable<string> arguments, ToolOptions? options = null, CancellationToken cancel = default) =>
        Run(new ProcessStartInfo(program, arguments), options ?? new ToolOptions(), cancel);

    /// <summary>
    /// Runs a program that is known to print next to nothing, and waits for its end on this thread: without the machinery of
    /// reading two streams at once, which a build compiles anew each time. It must not print more than a pipe holds (64 KiB).
    /// </summary>
    /// <exception cref="OperationCanceledException">It was cancelled; the program and everything that it started are ended.</exception>
    public static ToolRun RunQuiet(string program, IEnumerable<string> arguments, string? workingDirectory, CancellationToken cancel = default)
    {
        cancel.ThrowIfCancellationRequested();
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = workingDirectory ?? "" };
        using var process = new Process { StartInfo = start };
        long begin = Stopwatch.GetTimestamp();
        if (Start(process) is { } problem) return new ToolRun(ToolEnd.NotStarted, -1, [], [], TimeSpan.Zero, problem);
        var output = new LineTail(new ToolOptions().MaxLines);
        var errors = new LineTail(new ToolOptions().MaxLines);
        using (cancel.Register(() => Kill(process)))
        {
            CloseInput(process);
            errors.Read(process.StandardError);
            output.Read(process.StandardOutput);
            process.WaitForExit();
        }
        cancel.ThrowIfCancellationRequested();
        return new ToolRun(ToolEnd.Exited, process.ExitCode, output.Lines(), errors.Lines(), Stopwatch.GetElapsedTime(begin));
    }

    /// <summary>Runs a command line as a user types it, through the platform's shell (/bin/sh, or cmd.exe on Windows).</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; the shell and everything that it started are ended.</exception>
    public static ToolRun RunShell(string command, ToolOptions? options = null, CancellationToken cancel = default) =>
        Run(Shell(command), options ?? new ToolOptions(), cancel);

    /// <summary>
    /// A word as the platform's shell reads it back unchanged, for a path that is put into a command line. On Windows a
    /// path can't hold quotes; what cmd.exe expands between percent signs stays.
    /// </summary>
    public static string Quote(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        return OperatingSystem.IsWindows() ? $"\"{word}\"" : "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
    }

    internal static ProcessStartInfo Shell(string command) => OperatingSystem.IsWindows()
        // cmd.exe takes the outer quotes away and leaves the rest as it is.
        ? new ProcessStartInfo(System.Environment.GetEnvironmentVariable("ComSpec") is { Length: > 0 } shell ? shell : "cmd.exe") { Arguments = $"/d /s /c \"{command}\"" }
        : new ProcessStartInfo("/bin/sh", ["-c", command]);

    private static ToolRun Run(ProcessStartInfo start, ToolOptions options, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (options.WorkingDirectory is { } folder) start.WorkingDirectory = folder;
        foreach ((string name, string? value) in options.Environment)
        {
            if (value is null) start.Environment.Remove(name);
            else start.Environment[name] = value;
        }
        using var process = new Process { StartInfo = start };
        long begin = Stopwatch.GetTimestamp();
        if (Start(process) is { } problem) return new ToolRun(ToolEnd.NotStarted, -1, [], [], TimeSpan.Zero, problem);

        var output = new LineTail(options.MaxLines);
        var errors = new LineTail(options.MaxLines);
        Task reading = Task.WhenAll(output.ReadAsync(process.StandardOutput), errors.ReadAsync(process.StandardError));
        ToolEnd end = ToolEnd.Exited;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (options.Timeout is { } timeout) limit.CancelAfter(timeout);
        try
        {
            CloseInput(process);
            process.WaitForExitAsync(limit.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            Kill(process);
            cancel.ThrowIfCancellationRequested();
            end = ToolEnd.TimedOut;
        }
        TimeSpan elapsed = Stopwatch.GetElapsedTime(begin);
        reading.Wait(s_drain, CancellationToken.None);
        return new ToolRun(end, end == ToolEnd.Exited ? process.ExitCode : -1, output.Lines(), errors.Lines(), elapsed);
    }

    // Why it could not be started; null where it was.
    private static string? Start(Process process)
    {
        ProcessStartInfo start = process.StartInfo;
        start.UseShellExecute = false;
        start.CreateNoWindow = true;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        try
        {
            process.Start();
            return null;
        }
        catch (Exception e) when (e is Win32Exception or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return $"'{start.FileName}' could not be started: {e.Message}";
        }
    }

    private static void CloseInput(Process process)
    {
        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit(s_drain);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended by itself meanwhile, or belongs to somebody else now.
        }
    }

    private static string? AsProgram(string path)
    {
        foreach (string candidate in OperatingSystem.IsWindows() && !path.EndsWith(".exe", StringComparison.OrdinalIgnoreCase) ? (string[])[path + ".exe", path] : [path])
        {
            if (!File.Exists(candidate)) continue;
            if (OperatingSystem.IsWindows()) return candidate;
            const UnixFileMode anyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
            if ((File.GetUnixFileMode(candidate) & anyExecute) != 0) return candidate;
        }
        return null;
    }

    private static IEnumerable<string> WellKnownPlaces()
    {
        static string Of(System.Environment.SpecialFolder folder) => System.Environment.GetFolderPath(folder);
        string home = Of(System.Environment.SpecialFolder.UserProfile);
        if (OperatingSystem.IsWindows())
        {
            return
            [
                Path.Combine(Of(System.Environment.SpecialFolder.LocalApplicationData), "Microsoft", "WinGet", "Links"),
                Path.Combine(Of(System.Environment.SpecialFolder.CommonApplicationData), "chocolatey", "bin"),
                Path.Combine(home, "scoop", "shims"),
                Path.Combine(Of(System.Environment.SpecialFolder.ProgramFiles), "upx"),
                Path.Combine(Of(System.Environment.SpecialFolder.ProgramFiles), "LLVM", "bin"),
            ];
        }
        if (OperatingSystem.IsMacOS())
        {
            return ["/opt/homebrew/bin", "/usr/local/bin", "/opt/local/bin", "/opt/homebrew/opt/llvm/bin", "/usr/local/opt/llvm/bin", "/opt/homebrew/opt/binutils/bin", "/usr/local/opt/binutils/bin"];
        }
        return ["/usr/local/bin", "/usr/bin", "/bin", "/home/linuxbrew/.linuxbrew/bin", "/snap/bin", Path.Combine(home, ".local", "bin"), "/opt/upx"];
    }
}
