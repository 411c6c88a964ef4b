using BinarySize.Formats.Archives;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Bundle;

/// <summary>
/// Maps what is appended to an executable: the files of a .NET single-file app, or a zip archive (a self-extracting one).
/// The executable itself is left to the reader of its format.
/// </summary>
public static class BundleReader
{
    /// <summary>
    /// Claims what is appended, below a part of its own, and returns the scope of the executable alone: the same part and
    /// place, its bytes clipped to the host's. Where nothing known is appended, or where tables of the executable itself
    /// follow what is appended (a signature), that is all of <paramref name="scope"/>; what was claimed here lies deeper, or
    /// was claimed first, and stays.
    /// </summary>
    public static MapScope ReadAppended(in MapScope scope, FileFormat format)
    {
        if (HostImage.TryRead(scope.Bytes, format) is not { } host) return scope;
        if (BundleFile.TryParse(scope.Bytes, host, out BundleFile? bundle)) return Read(scope, host, bundle);
        bool isSigned = host.Certificates.Start >= host.End && host.Certificates.Length > 0;
        MapScope unsigned = isSigned ? scope with { Bytes = scope.Bytes.Clip(0, host.Certificates.Start) } : scope;
        if (host.End < unsigned.Bytes.Length && ZipReader.TryReadAppended(unsigned, host.End, out long archive)) return isSigned ? scope : scope with { Bytes = scope.Bytes.Clip(0, archive) };
        return scope;
    }

    private static MapScope Read(in MapScope scope, HostImage host, BundleFile bundle)
    {
        ByteView bytes = scope.Bytes;
        // Signatures cover the bundle and follow it, but are the executable's: Authenticode's table of certificates, and in
        // Mach-O the last segment, which is stretched over both.
        bool isSigned = host.Certificates.Start >= bundle.HostLength && host.Certificates.Length > 0;
        bool isStretched = host.CoversAppended && host.End > bundle.HostLength;
        long end = isSigned ? host.Certificates.Start : bytes.Length;
        MapScope executable = isSigned || isStretched ? scope : scope with { Bytes = bytes.Clip(0, bundle.HostLength) };
        if (!bundle.IsKnownVersion || bundle.HeaderOffset >= end)
        {
            if (bundle.HeaderOffset >= end) scope.Warn(MapWarningCodes.Damaged, $"the single-file bundle is cut off: {bundle.Problem}");
            else scope.Warn(MapWarningCodes.Unknown, $"the single-file bundle is not known: {bundle.Problem}; it is measured as a whole");
            // Where the files begin is not known: after what the host says of itself, at the latest with the header.
            scope.Claim(bundle.HostLength, end - bundle.HostLength, PartKind.Overlay, ContentKind.Other, "bundle");
            return executable;
        }
        if (bundle.Problem is { } problem) scope.Warn(MapWarningCodes.Damaged, $"the single-file bundle is damaged: {problem}");

        int part = scope.Map.AddPart(scope.Part, PartKind.Overlay, ContentKind.Other, scope.Names.Intern("bundle"));
        IReadOnlyList<BundleEntry> entries = bundle.Entries;
        var ranges = new FileRange[entries.Count + 1];
        for (int i = 0; i < entries.Count; i++)
        {
            BundleEntry e = entries[i];
            bool inside = e.Size >= 0 && e.CompressedSize >= 0 && e.Offset >= bundle.HostLength && e.Offset < end;
            ranges[i] = inside ? new FileRange(e.Offset, e.Offset + Math.Min(e.StoredSize, end - e.Offset), i) : new FileRange(0, 0, i);
        }
        ranges[^1] = new FileRange(bundle.HeaderOffset, bundle.HeaderOffset + bundle.HeaderLength, entries.Count);
        MapScope to = scope;
        string Describe(FileRange r) => r.Item == entries.Count ? "the bundle's header" : $"'{entries[r.Item].Path}'";
        RangeLayout.Arrange(ranges, (a, b) => to.Warn(MapWarningCodes.Damaged, $"{Describe(a)} ({a.End - a.Start} bytes at offset {a.Start}) overlaps {Describe(b)} (at offset {b.Start})"));

        var names = new EntryNames(scope.Names);
        var parts = new int[entries.Count];
        var ids = new int[entries.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            BundleEntry e = entries[i];
            ids[i] = names.Unique(System.Text.Encoding.UTF8.GetBytes(e.Path));
            parts[i] = scope.Map.AddPart(part, PartKind.File, e.Type == BundleEntryType.Symbols ? ContentKind.Debug : ContentKind.Other, ids[i], e.CompressedSize > 0 ? e.Size : -1);
        }

        var gaps = new Gaps(scope, part);
        long position = bundle.HostLength;
        foreach (FileRange range in ranges)
        {
            if (range.End <= range.Start) continue;
            gaps.Claim(position, range.Start);
            if (range.Item == entries.Count) scope.Claim(range.Start, range.End - range.Start, PartKind.Header, ContentKind.Format, "bundle header", part);
            else scope.Extend(range.Start, range.End - range.Start, parts[range.Item]);
            position = range.End;
        }
        // Behind the header nothing is left, unless the executable has it.
        if (!isStretched) gaps.Claim(position, end);

        if (scope.LookInside)
        {
            foreach (FileRange range in ranges)
            {
                if (range.Item >= entries.Count || range.Overlaps || range.End <= range.Start) continue;
                BundleEntry e = entries[range.Item];
                if (range.End - range.Start != e.StoredSize) continue;
                if (e.CompressedSize > 0) ContainedFile.ReadDeflated(scope, e.Offset, e.CompressedSize, e.Size, parts[range.Item], ids[range.Item]);
                else ContainedFile.ReadStored(scope, e.Offset, e.Size, parts[range.Item]);
            }
        }
        return executable;
    }

    /// <summary>What lies between the files: zeros that align them, or bytes that nothing refers to.</summary>
    private sealed class Gaps(MapScope scope, int parent)
    {
        private int _padding = -1, _gap = -1;

        public void Claim(long start, long end)
        {
            if (end <= start) return;
            int part = scope.Bytes.IsFilledWith(start, end - start, 0)
                ? Once(ref _padding, PartKind.Padding, ContentKind.Padding, "alignment padding")
                : Once(ref _gap, PartKind.Gap, ContentKind.Other, "gap");
            scope.Extend(start, end - start, part);
        }

        private int Once(ref int part, PartKind kind, ContentKind content, string name) =>
            part >= 0 ? part : part = scope.Map.AddPart(parent, kind, content, scope.Names.Intern(name));
    }
}
