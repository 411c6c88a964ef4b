using System.Globalization;
using System.Text;
using BinarySize.Shrinking;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace BinarySize.Build;

/// <summary>Cuts as items: what became of each on the way from TakeCuts over VerifyCuts into the ledger.</summary>
internal static class CutRows
{
    /// <summary>It is applied.</summary>
    public const string Taken = "taken";

    /// <summary>It broke the app, and was undone.</summary>
    public const string Broken = "broken";

    /// <summary>It does not fit.</summary>
    public const string Left = "left";

    private const string Status = "Status", Code = "Code", Reason = "Reason", Verified = "Verified", Before = "Before", After = "After";

    /// <summary>A row.</summary>
    public static TaskItem Make(string name, string status, string? code, string reason, bool verified = false, long before = 0, long after = 0) => new(Escape(name), new Dictionary<string, string>
    {
        [Status] = status,
        [Code] = code ?? "",
        [Reason] = Escape(reason),
        [Verified] = verified ? "true" : "",
        [Before] = before.ToString(CultureInfo.InvariantCulture),
        [After] = after.ToString(CultureInfo.InvariantCulture),
    });

    public static bool Is(ITaskItem row, string status) => row.GetMetadata(Status) == status;

    /// <summary>What the row says about the cut: of one that is applied, what it saved where it was tried.</summary>
    public static string ReasonOf(ITaskItem row) => row.GetMetadata(Reason);

    /// <summary>The row of the ledger.</summary>
    public static LedgerRow ToLedger(ITaskItem row) => new("cut", row.ItemSpec, row.GetMetadata(Status) switch
    {
        Taken => LedgerOutcome.Applied,
        Broken => LedgerOutcome.Undone,
        _ => LedgerOutcome.Left,
    }, Number(row, Before), Number(row, After))
    {
        Verified = row.GetMetadata(Verified) == "true" ? LedgerCheck.Command : LedgerCheck.None,
        Code = row.GetMetadata(Code) is { Length: > 0 } code ? code : null,
        Reason = row.GetMetadata(Reason) is { Length: > 0 } reason ? reason : null,
    };

    private static long Number(ITaskItem row, string name) => long.TryParse(row.GetMetadata(name), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : 0;

    // Text from outside is no MSBuild syntax.
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (c is '%' or '*' or '?' or '@' or '$' or '(' or ')' or ';' or '\'') escaped.Append(CultureInfo.InvariantCulture, $"%{(int)c:X2}");
            else escaped.Append(c);
        }
        return escaped.ToString();
    }
}
