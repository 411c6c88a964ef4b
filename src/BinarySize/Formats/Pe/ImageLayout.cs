using BinarySize.IO;

namespace BinarySize.Formats.Pe;

/// <summary>One section of a loaded image: where it lies in memory, in the file, and in the part tree.</summary>
internal readonly record struct ImageSection(uint Address, long Offset, long Size, int Part);

/// <summary>
/// Addresses of an image and the file offsets that belong to them: what readers of managed metadata and ReadyToRun code
/// need to know of the container, be it PE or Webcil.
/// </summary>
internal sealed class ImageLayout
{
    private readonly ImageSection[] _byAddress;
    private readonly ImageSection[] _byOffset;
    private readonly int _filePart;

    /// <param name="bytes">The file.</param>
    /// <param name="sections">Sections with bytes in the file; what reaches past its end is cut.</param>
    /// <param name="filePart">The part that stands for the file.</param>
    public ImageLayout(ByteView bytes, List<ImageSection> sections, int filePart)
    {
        Bytes = bytes;
        _filePart = filePart;
        for (int i = sections.Count - 1; i >= 0; i--)
        {
            ImageSection s = sections[i];
            long size = Math.Min(s.Size, bytes.Length - s.Offset);
            if (size <= 0) sections.RemoveAt(i);
            else sections[i] = s with { Size = size };
        }
        _byAddress = [.. sections];
        _byOffset = [.. sections];
        Array.Sort(_byAddress, static (a, b) => a.Address != b.Address ? a.Address.CompareTo(b.Address) : a.Offset.CompareTo(b.Offset));
        Array.Sort(_byOffset, static (a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Address.CompareTo(b.Address));
    }

    public ByteView Bytes { get; }

    /// <summary>Where the byte with this RVA lies, and how many bytes of its section's data follow, itself included.</summary>
    public bool TryMap(uint rva, out long offset, out long available)
    {
        int low = 0, high = _byAddress.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (_byAddress[middle].Address <= rva) low = middle + 1;
            else high = middle - 1;
        }
        if (high < 0)
        {
            offset = available = 0;
            return false;
        }
        ref readonly ImageSection s = ref _byAddress[high];
        long delta = rva - s.Address;
        offset = s.Offset + delta;
        available = s.Size - delta;
        return available > 0;
    }

    /// <summary>The offset of an RVA; throws where no section has it.</summary>
    public long Offset(uint rva) => TryMap(rva, out long offset, out _)
        ? offset
        : throw new BadFormatException($"the address 0x{rva:X} lies in no section's data");

    /// <summary>The window of a directory, cut to what is there; throws where it lies in no section.</summary>
    public (long Offset, long Length) Range(uint rva, uint size) => TryMap(rva, out long offset, out long available)
        ? (offset, Math.Min(size, available))
        : throw new BadFormatException($"the address 0x{rva:X} lies in no section's data");

    /// <summary>The part of the section that has this byte of the file; the file's own part where none has.</summary>
    public int PartAt(long offset)
    {
        int low = 0, high = _byOffset.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (_byOffset[middle].Offset <= offset) low = middle + 1;
            else high = middle - 1;
        }
        return high >= 0 && offset - _byOffset[high].Offset < _byOffset[high].Size ? _byOffset[high].Part : _filePart;
    }
}
