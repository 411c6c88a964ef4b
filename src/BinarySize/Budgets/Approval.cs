using System.Globalization;
using BinarySize.IO;

namespace BinarySize.Budgets;

/// <summary>Growth that somebody accepted, in a file of its own so that changes do not collide.</summary>
/// <param name="File">Path of the file.</param>
/// <param name="Budget">The budget that may grow by more.</param>
/// <param name="Allowance">By how much more: bytes, or names where the budget counts.</param>
/// <param name="Reason">Why.</param>
/// <param name="Expires">The last day on which it holds.</param>
/// <param name="Configuration">Pattern of the keys (framework/rid/configuration/kind) for which it holds; null for all.</param>
public sealed record Approval(string File, string Budget, long Allowance, string Reason, DateOnly Expires, string? Configuration)
{
    /// <summary>The folder of approvals, beside the baseline.</summary>
    public const string FolderName = "binarysize.approvals";

    private const int MaxFiles = 1000, MaxBytes = 64 << 10;

    /// <summary>True where it holds for a budget of what has this key.</summary>
    public bool Covers(string budget, string key) =>
        Budget.Equals(budget, StringComparison.OrdinalIgnoreCase) && (Configuration is null || new NamePattern(Configuration, isPath: true).Matches(key));

    /// <summary>The approvals beside a baseline file. What is wrong with one, or expired, is a finding, and it does not hold.</summary>
    /// <param name="baselineFile">Path of the baseline.</param>
    /// <param name="budgets">Names that an approval can be for.</param>
    /// <param name="today">Today, in UTC.</param>
    /// <param name="findings">Takes what is wrong.</param>
    public static List<Approval> ReadAll(string baselineFile, IReadOnlyCollection<string> budgets, DateOnly today, List<BudgetFinding> findings)
    {
        ArgumentNullException.ThrowIfNull(budgets);
        ArgumentNullException.ThrowIfNull(findings);
        var approvals = new List<Approval>();
        foreach (string file in Files(baselineFile))
        {
            try
            {
                if (new FileInfo(file).Length > MaxBytes) throw new BadJsonException("it is larger than any approval", 1);
                Approval approval = Read(file, StrictJson.Parse(System.IO.File.ReadAllBytes(file)), budgets);
                if (approval.Expires >= today) approvals.Add(approval);
                else
                {
                    findings.Add(new("BSZ3006", true, $"The approval '{Path.GetFileName(file)}' of growth of size budget '{approval.Budget}' ({approval.Reason}) expired on {Date(approval.Expires)}. Remove the file, or agree on another date.", new SourceLocation(file, 0, 0)));
                }
            }
            catch (BadJsonException e)
            {
                findings.Add(new("BSZ3005", true, $"The approval '{Path.GetFileName(file)}' cannot be used: {e.Message}. It needs budget, allowance, reason and expires.", new SourceLocation(file, e.Line, 1)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                findings.Add(new("BSZ3005", true, $"The approval '{Path.GetFileName(file)}' cannot be read: {e.Message}", new SourceLocation(file, 0, 0)));
            }
        }
        return approvals;
    }

    /// <summary>Paths of the approvals beside a baseline file, in ordinal order.</summary>
    public static IReadOnlyList<string> Files(string baselineFile)
    {
        string folder = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(baselineFile))!, FolderName);
        if (!Directory.Exists(folder)) return [];
        return [.. Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal).Take(MaxFiles)];
    }

    private static Approval Read(string file, StrictJson json, IReadOnlyCollection<string> budgets)
    {
        json.Only("budget", "allowance", "reason", "expires", "configuration");
        StrictJson budget = json["budget"], allowance = json["allowance"], reason = json["reason"], expires = json["expires"];
        if (!budgets.Contains(budget.Text, StringComparer.OrdinalIgnoreCase))
        {
            throw new BadJsonException($"there is no size budget '{budget.Text}'{(Nearest.Find(budget.Text, budgets) is { } near ? $"; did you mean '{near}'?" : "")}", budget.Line);
        }
        if (!ByteSize.TryParse(allowance.Text, out long bytes)) throw new BadJsonException($"the allowance '{allowance.Text}' is not a size; write {ByteSize.Forms}", allowance.Line);
        if (string.IsNullOrWhiteSpace(reason.Text)) throw new BadJsonException("the reason is empty", reason.Line);
        if (!DateOnly.TryParseExact(expires.Text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day)) throw new BadJsonException($"'{expires.Text}' is no day of the form 2027-01-31", expires.Line);
        string? configuration = json.Optional("configuration")?.Text;
        if (configuration is "") throw new BadJsonException("the configuration is empty", json["configuration"].Line);
        return new Approval(file, budget.Text, bytes, reason.Text.Trim(), day, configuration);
    }

    private static string Date(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
