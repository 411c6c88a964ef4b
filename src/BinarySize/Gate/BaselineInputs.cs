using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BinarySize.Artifacts;
using BinarySize.Baselines;
using BinarySize.Budgets;
using BinarySize.IO;
using BinarySize.Reports;

namespace BinarySize.Gate;

/// <summary>The baseline of a stage: what its outcome depends on, what growth is counted from, and how it is written anew.</summary>
/// <param name="File">Full path of the baseline; empty for none.</param>
/// <param name="Key">See <see cref="BaselineFile.KeyOf"/>.</param>
/// <param name="Sdk">Version of the SDK.</param>
/// <param name="SettingsHash">The settings that decide on size, as a baseline has them: see <see cref="HashOf"/>.</param>
/// <param name="Branch">The branch to compare with; null to find it out.</param>
/// <param name="Variables">Variables of CI systems.</param>
/// <param name="Update">Write what is measured into the file instead of comparing with it.</param>
/// <param name="Command">What the user would type to write it.</param>
public sealed record BaselineInputs(string File, string Key, string Sdk, string SettingsHash, string? Branch, IReadOnlyDictionary<string, string> Variables, bool Update, string Command)
{
    /// <summary>Settings as a baseline has them: twelve digits of a hash that spaces and case do not change.</summary>
    public static string HashOf(string settings) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(settings.Where(c => !char.IsWhiteSpace(c))).ToUpperInvariant())))[..12];

    private static DateOnly Today => DateOnly.FromDateTime(DateTime.UtcNow);

    /// <summary>Adds to a key what the comparison depends on besides these inputs. Where nothing is compared this costs one look at the disk.</summary>
    public void AppendTo(BinaryWriter key, bool isNeeded)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (File.Length == 0) return;
        var file = new FileInfo(File);
        IReadOnlyList<string> approvals = Approval.Files(File);
        if (!file.Exists && !isNeeded && approvals.Count == 0) return;
        key.Write(file.Exists ? file.Length : -1);
        key.Write(file.LastWriteTimeUtc.Ticks);
        foreach (string approval in approvals)
        {
            key.Write(approval);
            key.Write(System.IO.File.GetLastWriteTimeUtc(approval).Ticks);
        }
        // They expire.
        if (approvals.Count > 0) key.Write(Today.DayNumber);
        key.Write(CiBranches.Target(Variables) ?? "");
        key.Write(CiBranches.Current(Variables) ?? "");
        key.Write(GitFingerprint.Of(Path.GetDirectoryName(File)!));
    }

    /// <summary>Files of git whose times tell that the comparison may come out otherwise; none where nothing is compared.</summary>
    public IReadOnlyList<string> Watched(bool isNeeded) =>
        File.Length == 0 || (!isNeeded && !System.IO.File.Exists(File) && Approval.Files(File).Count == 0) ? [] : GitFingerprint.Files(Path.GetDirectoryName(File)!);

    /// <summary>Sizes of what was measured.</summary>
    public Snapshot SnapshotOf(IReadOnlyList<MeasuredArtifact> artifacts) => Snapshots.Of(artifacts, Key, Sdk, SettingsHash);

    /// <summary>What growth is counted from; null where there is nothing, or the baseline is about to be written.</summary>
    public GrowthBase? Load(IReadOnlyList<Budget> budgets, Stage stage, List<BudgetFinding> findings)
    {
        if (File.Length == 0 || Update) return null;
        var request = new BaselineRequest
        {
            File = File,
            Key = Key,
            Sdk = Sdk,
            Settings = SettingsHash,
            IsNeeded = budgets.Any(b => b.LimitsGrowth && b.HoldsAt(stage)),
            // Who wrote a baseline of what is published is not to hear of every build that it has none of that.
            IsKeyNeeded = stage != Stage.Build || budgets.Any(b => b.LimitsGrowth && b.Stages.Contains(stage)),
            Branch = Branch ?? CiBranches.Target(Variables),
            CurrentBranch = CiBranches.Current(Variables),
            UpdateCommand = Command,
        };
        return GrowthLoader.Load(request, budgets, Today, findings);
    }

    /// <summary>Writes a snapshot into the baseline where that was asked for; returns what there is to say, null for nothing.</summary>
    public string? Write(Snapshot snapshot, List<BudgetFinding> findings)
    {
        if (!Update || File.Length == 0) return null;
        try
        {
            bool changed = BaselineFile.UpdateOnDisk(File, [snapshot]);
            return $"Baseline {Path.GetFileName(File)}: {Key} {(changed ? "written" : "is as it was")}, {ByteSize.Format(snapshot.Size)} in {snapshot.Files.Count.ToString(CultureInfo.InvariantCulture)} {(snapshot.Files.Count == 1 ? "file" : "files")}.";
        }
        catch (BadJsonException e)
        {
            findings.Add(new("BSZ3003", true, $"The baseline '{Path.GetFileName(File)}' cannot be used, and was not written: {e.Message}. Resolve the merge or restore it from git, or remove it.", new SourceLocation(File, e.Line, 1)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            findings.Add(new("BSZ3003", true, $"The baseline '{Path.GetFileName(File)}' could not be written: {e.Message}", new SourceLocation(File, 0, 0)));
        }
        return null;
    }
}
