namespace BinarySize.Shrinking;

/// <summary>Diagnostic codes of the pipeline; one page each under docs/diagnostics. Those of the steps are in StepCodes.</summary>
public static class ShrinkCodes
{
    /// <summary>A step broke the app, and was undone.</summary>
    public const string Broke = "BSZ5201";

    /// <summary>The untouched artifact does not stand its check: no step can be judged.</summary>
    public const string UntouchedFails = "BSZ5202";

    /// <summary>A step could not write its output.</summary>
    public const string NoRoom = "BSZ5203";

    /// <summary>Packed, it starts too slowly.</summary>
    public const string StartsTooSlowly = "BSZ5204";

    /// <summary>Its start-up could not be measured.</summary>
    public const string StartupUnknown = "BSZ5205";

    /// <summary>A file changed while it was shrunk.</summary>
    public const string Changed = "BSZ5206";

    /// <summary>The folder can't be written to.</summary>
    public const string NotWritable = "BSZ5207";

    /// <summary>Another build holds the folder's state.</summary>
    public const string Busy = "BSZ5208";

    /// <summary>A library can't be loaded here, so that what packing does to it can't be tested.</summary>
    public const string NotLoadable = "BSZ5209";

    /// <summary>Files that nobody needs ship.</summary>
    public const string Unneeded = "BSZ5301";

    /// <summary>Packing costs more at start-up than it may be worth.</summary>
    public const string SlowStart = "BSZ5302";
}
