using BinarySize.Mapping;

namespace BinarySize.Formats.Elf;

/// <summary>A section's bytes in the file, or a segment's where there are no sections.</summary>
/// <param name="Start">Offset of the first byte.</param>
/// <param name="End">Offset after the last byte.</param>
/// <param name="Section">Index of the section; -1 for a segment.</param>
/// <param name="Content">What it holds.</param>
/// <param name="Labels">True where a symbol without a size owns what follows it: in code and data, not in tables that the linker makes.</param>
/// <param name="Whole">True where no other section has the same bytes.</param>
internal readonly record struct ElfRegion(long Start, long End, int Section, ContentKind Content, bool Labels, bool Whole);

/// <summary>The file's sections by their place in the file, disjoint.</summary>
internal sealed class ElfRegions
{
    private readonly ElfRegion[] _regions;
    private int _last;

    public ElfRegions(ElfFile file)
    {
        var regions = new List<ElfRegion>();
        foreach (ref readonly ElfSection s in file.Sections)
        {
            long length = file.Content(s).Length;
            if (length == 0) continue;
            ContentKind content = ElfReader.ContentOf(file, s);
            ReadOnlySpan<byte> name = file.Name(s);
            bool labels = s.Type == ElfConstants.SectionProgBits
                && content is ContentKind.Code or ContentKind.Data or ContentKind.ReadOnlyData
                && !name.StartsWith(".got"u8) && !name.StartsWith(".plt"u8);
            regions.Add(new ElfRegion(s.Offset, s.Offset + length, s.Index, content, labels, true));
        }
        if (file.Sections.Length <= 1)
        {
            foreach (ref readonly ElfSegment s in file.Segments)
            {
                long length = s.Type == ElfConstants.SegmentLoad ? file.Bytes.Clip(s.Offset, s.FileSize).Length : 0;
                ContentKind content = (s.Flags & 1) != 0 ? ContentKind.Code : (s.Flags & 2) != 0 ? ContentKind.Data : ContentKind.ReadOnlyData;
                if (length > 0) regions.Add(new ElfRegion(s.Offset, s.Offset + length, -1, content, true, true));
            }
        }
        regions.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.Section.CompareTo(b.Section));
        int kept = 0;
        for (int i = 0; i < regions.Count; i++)
        {
            ElfRegion r = regions[i];
            if (kept > 0 && r.Start < regions[kept - 1].End)
            {
                regions[kept - 1] = regions[kept - 1] with { Whole = false };
                if (r.End <= regions[kept - 1].End) continue;
                r = r with { Start = regions[kept - 1].End, Whole = false };
            }
            regions[kept++] = r;
        }
        regions.RemoveRange(kept, regions.Count - kept);
        _regions = [.. regions];
    }

    public ReadOnlySpan<ElfRegion> All => _regions;

    /// <summary>Index of the region that has the byte at <paramref name="offset"/>; -1 where none has.</summary>
    public int At(long offset)
    {
        ElfRegion[] regions = _regions;
        if ((uint)_last < (uint)regions.Length && offset >= regions[_last].Start && offset < regions[_last].End) return _last;
        int low = 0, high = regions.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (offset < regions[middle].Start) high = middle - 1;
            else if (offset >= regions[middle].End) low = middle + 1;
            else return _last = middle;
        }
        return -1;
    }
}
