namespace BinarySize.Shrinking.Cuts;

/// <summary>Diagnostic codes of cuts; one page each under docs/diagnostics.</summary>
public static class CutCodes
{
    /// <summary>A cut does not fit the assemblies in this build, and was not applied.</summary>
    public const string Misfit = "BSZ5401";

    /// <summary>The app's own code uses what a cut takes out.</summary>
    public const string Used = "BSZ5402";

    /// <summary>Two cuts say different things about one method.</summary>
    public const string Collision = "BSZ5403";

    /// <summary>A cut names the method that the program begins with.</summary>
    public const string EntryPoint = "BSZ5404";

    /// <summary>A substitution file that is none, or that can't be taken.</summary>
    public const string BadFile = "BSZ5405";

    /// <summary>A cut that is neither in the catalogue nor a file.</summary>
    public const string Unknown = "BSZ5406";

    /// <summary>The library of a cut that was asked for by name is not in the app.</summary>
    public const string NotInApp = "BSZ5407";

    /// <summary>A cut broke the app, and was undone.</summary>
    public const string Broke = "BSZ5408";

    /// <summary>The app does not stand its check without cuts either: none could be judged.</summary>
    public const string NotJudged = "BSZ5409";
}
