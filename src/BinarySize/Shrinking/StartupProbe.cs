namespace BinarySize.Shrinking;

/// <summary>Start-up time and memory of two files, measured in turns.</summary>
/// <param name="TimeBefore">Median in milliseconds.</param>
/// <param name="TimeAfter">Median in milliseconds.</param>
/// <param name="MemoryBefore">Median of peak resident bytes; null where the platform does not tell.</param>
/// <param name="MemoryAfter">The same of the other file.</param>
public sealed record StartupComparison(double TimeBefore, double TimeAfter, long? MemoryBefore, long? MemoryAfter);

/// <summary>Measures what packing costs at start-up.</summary>
public interface IStartupProbe
{
    /// <summary>Everything that decides the outcome besides the files.</summary>
    string Key { get; }

    /// <summary>Runs both in turns; null where one can't be run to its end.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled; what ran was ended.</exception>
    StartupComparison? Compare(string before, string after, CancellationToken cancel);
}

/// <summary>Measures start-up by the project's verify command, or by the program itself without arguments.</summary>
/// <param name="Command">The command, as the project has it; null for the program itself.</param>
/// <param name="WorkingDirectory">Where it runs.</param>
/// <param name="Limit">Time after which a run is ended, and nothing is measured.</param>
public sealed record StartupProbe(string? Command, string WorkingDirectory, TimeSpan Limit) : IStartupProbe
{
    private const int LeastRuns = 3, MostRuns = 11, MostMemoryRuns = 3;

    // What one of the two may take for all runs together: a command that runs tests is no measure of start-up in milliseconds.
    private static readonly TimeSpan s_budget = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public string Key => $"{Command}\n{Limit.Ticks}";

    /// <inheritdoc/>
    public StartupComparison? Compare(string before, string after, CancellationToken cancel)
    {
        MeasuredCommand first = CommandFor("before", before), second = CommandFor("after", after);
        StartupFigure once = StartupMeter.Measure([second], new StartupOptions { Runs = 1, MemoryRuns = 0, Timeout = Limit }, cancel)[0];
        if (!once.IsMeasured) return null;
        int runs = (int)Math.Clamp(s_budget / (once.Median + TimeSpan.FromMilliseconds(1)), LeastRuns, MostRuns);
        IReadOnlyList<StartupFigure> figures = StartupMeter.Measure([first, second], new StartupOptions { Runs = runs, MemoryRuns = Math.Min(runs, MostMemoryRuns), Timeout = Limit }, cancel);
        if (!figures[0].IsMeasured || !figures[1].IsMeasured) return null;
        return new StartupComparison(figures[0].Median.TotalMilliseconds, figures[1].Median.TotalMilliseconds, Known(figures[0].PeakMemory), Known(figures[1].PeakMemory));
    }

    private MeasuredCommand CommandFor(string name, string file) => Command is null
        ? new MeasuredCommand(name, file, [], WorkingDirectory)
        : MeasuredCommand.Shell(name, VerifyCommand.Expand(Command, file, OperatingSystem.IsWindows()), WorkingDirectory);

    private static long? Known(long memory) => memory > 0 ? memory : null;
}
