namespace BinarySize.Cli;

/// <summary>Exit codes of the command.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>A budget is exceeded.</summary>
    public const int OverBudget = 1;

    /// <summary>Wrong usage or configuration.</summary>
    public const int Usage = 2;

    /// <summary>What was named cannot be measured.</summary>
    public const int NotMeasurable = 3;

    /// <summary>A baseline is missing or cannot be used.</summary>
    public const int Baseline = 4;

    /// <summary>Ended by Ctrl-C or a signal; what was done until then is told.</summary>
    public const int Interrupted = 130;
}
