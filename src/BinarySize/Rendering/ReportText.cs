using System.Globalization;
using BinarySize.Budgets;
using BinarySize.Mapping;
using BinarySize.Reports;
using BinarySize.Shrinking;

namespace BinarySize.Rendering;

/// <summary>Words and numbers that all renderings have in common. Names in them are not escaped yet.</summary>
internal static class ReportText
{
    /// <summary>The project's name; null where not known.</summary>
    public static string? Project(ReportToolchain toolchain)
    {
        if (string.IsNullOrEmpty(toolchain.Project)) return null;
        string name = toolchain.Project[(toolchain.Project.LastIndexOfAny(['/', '\\']) + 1)..];
        int dot = name.LastIndexOf('.');
        return dot > 0 && name.EndsWith("proj", StringComparison.OrdinalIgnoreCase) ? name[..dot] : name;
    }

    /// <summary>"net10.0 linux-x64 Release".</summary>
    public static string Target(ReportToolchain toolchain) =>
        string.Join(' ', ((string?[])[toolchain.TargetFramework, toolchain.RuntimeIdentifier, toolchain.Configuration]).Where(t => !string.IsNullOrEmpty(t)));

    /// <summary>A budget's outcome in a word.</summary>
    public static string Status(ReportBudget budget) => budget.Verdict switch
    {
        "ok" => "ok",
        "near" => "near",
        "over" => "FAIL",
        _ => "no match",
    };

    /// <summary>What was measured, in the budget's unit.</summary>
    public static string Value(ReportBudget budget) => budget.Verdict == "unknown" ? "-" : Quantity(budget, budget.Value);

    /// <summary>What it is held against: the limit, else where the warning starts.</summary>
    public static string Limit(ReportBudget budget) => (budget.Max ?? budget.Warn) is { } limit ? Quantity(budget, limit) : budget.LimitsGrowth ? "-" : "forbidden";

    /// <summary>How much of the limit is used; rounded so that 100% is never over and over is never 100%.</summary>
    public static string Used(ReportBudget budget)
    {
        if (budget.Verdict == "unknown" || (budget.Max ?? budget.Warn) is not { } limit) return "-";
        if (limit == 0) return budget.Value == 0 ? "-" : ">999%";
        decimal percent = 100m * budget.Value / limit;
        percent = budget.Value > limit ? Math.Ceiling(percent) : Math.Floor(percent);
        return percent > 999 ? ">999%" : string.Create(CultureInfo.InvariantCulture, $"{percent:0}%");
    }

    /// <summary>"+482.3 KiB" since the baseline; "-" where there is nothing to compare with.</summary>
    public static string Growth(ReportBudget budget) => budget.Growth is { } growth ? Signed(budget, growth.Delta) : "-";

    /// <summary>"+482.3 KiB", "-12 B", "0 B".</summary>
    public static string Signed(ReportBudget budget, long delta) => delta > 0 ? "+" + Quantity(budget, delta) : Quantity(budget, delta);

    /// <summary>"new", "gone", "+4.1%".</summary>
    public static string Change(ReportChange change)
    {
        if (change.Old == 0) return "new";
        if (change.New == 0) return "gone";
        decimal percent = 100m * change.Delta / change.Old;
        return Math.Abs(percent) > 999 ? $"{(percent > 0 ? "+" : "-")}>999%" : string.Create(CultureInfo.InvariantCulture, $"{percent:+0.0;-0.0;0.0}%");
    }

    /// <summary>What changed in budgets that grew, the worst first: a table a budget.</summary>
    public static IEnumerable<ReportBudget> Grown(IReadOnlyList<ReportBudget> budgets) =>
        budgets.Where(b => b.Growth is { Delta: > 0, Changes.Count: > 0 } && b.Verdict is "over" or "near");

    /// <summary>"44.3%".</summary>
    public static string Percent(long part, long whole) => whole <= 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / whole:0.0}%");

    /// <summary>True where the size itself is an estimate: files and what holds them have exactly the bytes that they have, whatever is in them.</summary>
    public static bool IsEstimate(ReportNode node) => IsEstimate(node.Basis, node.Kind);

    /// <summary>The same, of a node with this basis and kind.</summary>
    public static bool IsEstimate(Basis basis, string kind) => basis == Basis.Estimated && kind is not ("artifact" or "file" or "folder" or "layer");

    /// <summary>A node's size, marked where it is an estimate.</summary>
    public static string Size(ReportNode node) => IsEstimate(node) ? "~" + ByteSize.Format(node.Size) : ByteSize.Format(node.Size);

    /// <summary>What came of a shrinking step, in a few words.</summary>
    public static string Status(LedgerRow row) => row.Outcome switch
    {
        LedgerOutcome.Applied => row.Verified switch
        {
            LedgerCheck.Command => "verified",
            LedgerCheck.Load => "loaded",
            _ => "not verified",
        },
        LedgerOutcome.Undone => "UNDONE",
        LedgerOutcome.Left => "left",
        _ => row.Step == "remove" ? "could go" : "advice",
    };

    /// <summary>"12.7 ms, was 3.6 ms"; empty where not measured.</summary>
    public static string Startup(LedgerRow row) => row.StartupAfter is { } after && row.StartupBefore is { } before
        ? string.Create(CultureInfo.InvariantCulture, $"{after:0.0} ms, was {before:0.0} ms")
        : "";

    /// <summary>"12.1 MiB, was 11.8 MiB"; empty where not measured.</summary>
    public static string Memory(LedgerRow row) => row.MemoryAfter is { } after && row.MemoryBefore is { } before
        ? $"{ByteSize.Format(after)}, was {ByteSize.Format(before)}"
        : "";

    /// <summary>"17.4 MiB" before a step; a dash where nobody measured it.</summary>
    public static string BytesBefore(LedgerRow row) => row.IsMeasured ? ByteSize.Format(row.Before) : "\u2013";

    /// <summary>The same after it.</summary>
    public static string BytesAfter(LedgerRow row) => row.IsMeasured ? ByteSize.Format(After(row)) : "\u2013";

    /// <summary>"43.9%" that a step saved; empty where it was not applied or not measured.</summary>
    public static string Saved(LedgerRow row) => row.Outcome == LedgerOutcome.Applied && row.IsMeasured ? Percent(row.Before - row.After, row.Before) : "";

    /// <summary>Bytes after a step: what was undone or left has those from before.</summary>
    public static long After(LedgerRow row) => row.Outcome == LedgerOutcome.Applied ? row.After : row.Before;

    /// <summary>"3.20 MiB, 18.4% of 17.4 MiB".</summary>
    public static string Shrunk(Ledger ledger) => $"{ByteSize.Format(ledger.After)}, {Percent(ledger.After, ledger.Before)} of {ByteSize.Format(ledger.Before)}";

    /// <summary>A number in the budget's unit.</summary>
    public static string Quantity(ReportBudget budget, long value) =>
        budget.Metric == "count" ? string.Create(CultureInfo.InvariantCulture, $"{value:N0}") : ByteSize.Format(value);
}
