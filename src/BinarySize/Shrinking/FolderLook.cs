using System.Globalization;
using BinarySize.Artifacts;
using BinarySize.IO;

namespace BinarySize.Shrinking;

/// <summary>What there is to say of a folder that ships, whether or not anything is done to it.</summary>
public static class FolderLook
{
    /// <summary>Looks at a folder that nothing is done to.</summary>
    /// <param name="files">What is in it.</param>
    /// <param name="mainFile">Its main file, by its path in the folder; null where it has none.</param>
    /// <param name="isNativeAot">Whether that comes from the NativeAOT compiler.</param>
    /// <param name="context">Where files come from and for what they were published.</param>
    /// <param name="access">How a file is read.</param>
    /// <exception cref="IOException">The main file can't be read.</exception>
    public static (Ledger Ledger, IReadOnlyList<ShrinkFinding> Findings) At(IReadOnlyList<FoundFile> files, string? mainFile, bool isNativeAot, UnneededContext context, FileAccessMode access)
    {
        ArgumentNullException.ThrowIfNull(files);
        var rows = new List<LedgerRow>();
        var findings = new List<ShrinkFinding>();
        if (isNativeAot && files.FirstOrDefault(f => f.Path == mainFile) is { } main && Guard(main.Path, main.FullPath, access) is { } broken) findings.Add(broken);
        foreach ((string group, List<FoundFile> found) in Unneeded(files, mainFile, context))
        {
            (LedgerRow row, ShrinkFinding finding) = Advice(group, found, static f => f.Size);
            rows.Add(row);
            findings.Add(finding);
        }
        long size = files.Sum(f => f.Size);
        return (new Ledger(size, size, rows), findings);
    }

    /// <summary>An error where a NativeAOT program lost what exceptions are unwound by: it starts, and dies with its first one. No step can mend it.</summary>
    /// <param name="name">Its name in the message.</param>
    /// <param name="path">Where it lies.</param>
    /// <param name="access">How it is read.</param>
    /// <exception cref="IOException">It can't be read.</exception>
    internal static ShrinkFinding? Guard(string name, string path, FileAccessMode access) =>
        PostLinkGuard.Check(path, access) is { } problem
            ? new ShrinkFinding(FindingSeverity.Error, StepCodes.PostLink, $"'{name}' would die with its first exception: {problem}. Take linker arguments of your own out (LinkerArg, IlcAdditionalLinkerArgs) until it has what it needs.")
            : null;

    /// <summary>Files that an app seldom needs, by group. The main file is needed by definition, whatever it is called.</summary>
    internal static List<(string Group, List<FoundFile> Files)> Unneeded(IReadOnlyList<FoundFile> files, string? mainFile, UnneededContext context) =>
        UnneededFiles.Find([.. files.Where(f => f.Path != mainFile)], context);

    /// <summary>A group of <see cref="Unneeded"/> that stays, as a row and in words.</summary>
    /// <param name="group">The group.</param>
    /// <param name="files">Its files.</param>
    /// <param name="sizeOf">Bytes that a file ships with.</param>
    internal static (LedgerRow Row, ShrinkFinding Finding) Advice(string group, List<FoundFile> files, Func<FoundFile, long> sizeOf)
    {
        List<FoundFile> shipped = [.. files.OrderByDescending(sizeOf)];
        long size = shipped.Sum(sizeOf);
        string reason = $"{UnneededFiles.Describe(group)}: {string.Join(", ", shipped.Take(3).Select(f => f.Path))}{(files.Count > 3 ? ", ..." : "")}";
        return (new LedgerRow("remove", group, LedgerOutcome.Advice, size, size) { Files = files.Count, Code = ShrinkCodes.Unneeded, Reason = reason },
            new ShrinkFinding(FindingSeverity.Message, ShrinkCodes.Unneeded, string.Create(CultureInfo.InvariantCulture,
                $"{files.Count} {(files.Count == 1 ? "file" : "files")} ({size:N0} B) that an app seldom needs: {reason}. BinarySizeRemoveFiles={group} takes them out.")));
    }
}
