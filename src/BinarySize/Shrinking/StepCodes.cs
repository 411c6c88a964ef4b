namespace BinarySize.Shrinking;

/// <summary>Diagnostic codes of the steps; one page each under docs/diagnostics.</summary>
public static class StepCodes
{
    public const string UpxMissing = "BSZ5001";
    public const string UpxFailed = "BSZ5002";
    public const string UpxTimedOut = "BSZ5003";
    public const string UpxVersion = "BSZ5004";
    public const string PackManaged = "BSZ5010";
    public const string PackFrameworkDependent = "BSZ5011";
    public const string PackSigned = "BSZ5012";
    public const string PackControlFlowGuard = "BSZ5013";
    public const string PackTarget = "BSZ5014";
    public const string PackLibraryWithLzma = "BSZ5015";
    public const string PackPacked = "BSZ5016";
    public const string PackNoGain = "BSZ5017";
    public const string PackBundleVersion = "BSZ5018";
    public const string PackSpecialFile = "BSZ5019";

    public const string StripNothing = "BSZ5101";
    public const string StripSigned = "BSZ5102";
    public const string StripNoTool = "BSZ5103";
    public const string StripFormat = "BSZ5104";
    public const string StripFailed = "BSZ5105";
    public const string StripAppended = "BSZ5106";
    public const string StripNoGain = "BSZ5107";
    public const string StripTimedOut = "BSZ5108";
    public const string StripSpecialFile = "BSZ5109";

    public const string PostLink = "BSZ5501";
}
