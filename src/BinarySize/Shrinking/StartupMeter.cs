using System.Diagnostics;
using System.Globalization;

namespace BinarySize.Shrinking;

/// <summary>A command line whose start-up is measured.</summary>
/// <param name="Name">What it is called in results.</param>
/// <param name="Program">The program: a path, or a name that is looked up on the PATH.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="WorkingDirectory">The folder that it runs in; null: the current one.</param>
public sealed record MeasuredCommand(string Name, string Program, IReadOnlyList<string> Arguments, string? WorkingDirectory = null)
{
    /// <summary>A command line for the platform's shell. The shell's own time (about a millisecond) is part of what is measured.</summary>
    public static MeasuredCommand Shell(string name, string command, string? workingDirectory = null)
    {
        ProcessStartInfo shell = ExternalTool.Shell(command);
        // cmd.exe parses its command line itself; there is one argument then, which is not quoted again.
        return new MeasuredCommand(name, shell.FileName, shell.ArgumentList.Count > 0 ? [.. shell.ArgumentList] : [shell.Arguments], workingDirectory) { IsRaw = shell.ArgumentList.Count == 0 };
    }

    /// <summary>Variables that are set for it, or with null removed, besides those of this process.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>True where the only argument is a command line as the program is to see it.</summary>
    internal bool IsRaw { get; init; }
}

/// <summary>How start-up is measured.</summary>
public sealed record StartupOptions
{
    /// <summary>Runs of each command that count; one more before them does not.</summary>
    public int Runs { get; init; } = 11;

    /// <summary>Further runs of each in which memory is watched where the system does not tell it afterwards (Linux).</summary>
    public int MemoryRuns { get; init; } = 3;

    /// <summary>Time that one run is given; a command that does not end within it is not measured.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>What the start-up of a command came to.</summary>
/// <param name="Name">The command's name.</param>
/// <param name="Problem">Why it was not measured, in one line; null where it was.</param>
/// <param name="Median">Median time from start to end.</param>
/// <param name="Fastest">The shortest time.</param>
/// <param name="PeakMemory">Median of the peak resident memory in bytes; 0 where it is not known.</param>
/// <param name="Runs">Runs that count.</param>
/// <param name="ExitCode">Its exit code, the same in every run.</param>
public sealed record StartupFigure(string Name, string? Problem, TimeSpan Median, TimeSpan Fastest, long PeakMemory, int Runs, int ExitCode)
{
    /// <summary>True where there are figures.</summary>
    public bool IsMeasured => Problem is null;
}

/// <summary>
/// Measures how long commands take from start to end, and how much memory they take: in turns, so that what else the
/// machine does meets all of them, and by medians, so that a single slow run says nothing. A command that does not end
/// by itself (a server) is not measured, and the result says so.
/// </summary>
public static class StartupMeter
{
    /// <summary>Measures the commands against each other. Each is run one time more than is counted, and first of all.</summary>
    /// <returns>One figure for each command, in their order.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled; what ran is ended.</exception>
    public static IReadOnlyList<StartupFigure> Measure(IReadOnlyList<MeasuredCommand> commands, StartupOptions? options = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(commands);
        options ??= new StartupOptions();
        var series = commands.Select(c => new Series(c)).ToArray();
        for (int round = -1; round < options.Runs; round++)
        {
            for (int i = 0; i < series.Length; i++)
            {
                // Every other round the other way round: nobody is always first.
                Series s = series[round % 2 == 0 ? i : series.Length - 1 - i];
                s.Run(options.Timeout, count: round >= 0, watchMemory: false, cancel);
            }
        }
        for (int round = 0; ChildProcess.MustWatchMemory && round < options.MemoryRuns; round++)
        {
            foreach (Series s in series) s.Run(options.Timeout, count: false, watchMemory: true, cancel);
        }
        return [.. series.Select(s => s.Figure())];
    }

    private sealed class Series(MeasuredCommand command)
    {
        private readonly List<TimeSpan> _times = [];
        private readonly List<long> _memory = [];
        private string? _problem;
        private int? _exitCode;

        public void Run(TimeSpan timeout, bool count, bool watchMemory, CancellationToken cancel)
        {
            if (_problem is not null) return;
            ChildRun run = ChildProcess.Run(command, timeout, watchMemory, cancel);
            if (run.Problem is { } problem) _problem = problem;
            else if (run.TimedOut) _problem = string.Create(CultureInfo.InvariantCulture, $"it did not end within {timeout.TotalSeconds:0.#} s: a program that goes on running is not measured");
            else if (run.Signal != 0) _problem = string.Create(CultureInfo.InvariantCulture, $"it was ended by signal {run.Signal}");
            else if (_exitCode is { } code && code != run.ExitCode) _problem = string.Create(CultureInfo.InvariantCulture, $"it ended with exit code {run.ExitCode} after {code} before");
            if (_problem is not null) return;
            _exitCode = run.ExitCode;
            if (count) _times.Add(run.Elapsed);
            if (run.PeakMemory > 0 && (count || watchMemory)) _memory.Add(run.PeakMemory);
        }

        public StartupFigure Figure()
        {
            if (_problem is not null || _times.Count == 0) return new StartupFigure(command.Name, _problem ?? "it was not run", default, default, 0, 0, 0);
            _times.Sort();
            _memory.Sort();
            TimeSpan median = (_times[(_times.Count - 1) / 2] + _times[_times.Count / 2]) / 2;
            return new StartupFigure(command.Name, null, median, _times[0], _memory.Count == 0 ? 0 : _memory[_memory.Count / 2], _times.Count, _exitCode ?? 0);
        }
    }
}
