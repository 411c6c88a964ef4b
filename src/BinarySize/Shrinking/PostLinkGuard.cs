using BinarySize.Formats.Elf;
using BinarySize.IO;

namespace BinarySize.Shrinking;

/// <summary>
/// Holds a linked NativeAOT program against what it needs to unwind: <c>.dotnet_eh_table</c> and an <c>.eh_frame_hdr</c>
/// (version 1, sorted table) that leads to frames of the managed code. A program that lost them starts, passes simple
/// tests, and dies with its first exception. Says nothing of PE and Mach-O files, which unwind by other tables.
/// </summary>
public static class PostLinkGuard
{
    private const uint SegmentEhFrame = 0x6474E550;

    /// <summary>What a NativeAOT program lacks, in one line; null where it lacks nothing, or is no such program.</summary>
    /// <param name="path">The program.</param>
    /// <param name="access">How it is read: little of it is.</param>
    /// <exception cref="IOException">It can't be read.</exception>
    public static string? Check(string path, FileAccessMode access = FileAccessMode.Copy)
    {
        using FileView view = FileView.Open(path, access);
        if (Read(view.Bytes) is not { } image) return null;
        if (image.ManagedCode < 0) return image.Table == TableState.Damaged ? image.Problem : null;
        if (!image.HasExceptionTable) return "it has no .dotnet_eh_table: the linker took what exceptions are unwound by (--gc-sections or a linker script of your own?)";
        return image.Table == TableState.Good ? null : image.Problem;
    }

    /// <summary>What <paramref name="after"/> lacks that <paramref name="before"/> had, in one line; null where it lacks nothing.</summary>
    /// <exception cref="IOException">One of them can't be read.</exception>
    public static string? Compare(string before, string after)
    {
        using FileView first = FileView.Open(before), second = FileView.Open(after);
        if (Read(first.Bytes) is not { } had) return null;
        if (Read(second.Bytes) is not { } has) return "it is no ELF file any more";
        if (had.HasExceptionTable && !has.HasExceptionTable) return "it lost its .dotnet_eh_table, which exceptions are unwound by";
        return had.Table == TableState.Good && has.Table != TableState.Good ? has.Problem : null;
    }

    private enum TableState
    {
        Missing,
        Damaged,
        Good,
    }

    private sealed record Image(bool HasExceptionTable, int ManagedCode, TableState Table, string? Problem);

    private static Image? Read(ByteView bytes)
    {
        if (!bytes.Matches(0, "\u007fELF"u8)) return null;
        try
        {
            ElfFile elf = ElfFile.Parse(bytes);
            int managed = elf.FindSection("__managedcode"u8), table = elf.FindSection(".dotnet_eh_table"u8);
            (TableState state, string? problem) = ReadTable(elf, managed);
            return new Image(table >= 0 && elf.Sections[table].FileSize > 0, managed, state, problem);
        }
        catch (BadFormatException)
        {
            return null;
        }
    }

    private static (TableState State, string? Problem) ReadTable(ElfFile elf, int managed)
    {
        ElfSegment header = default;
        foreach (ref readonly ElfSegment segment in elf.Segments)
        {
            if (segment.Type == SegmentEhFrame) header = segment;
        }
        if (header.Type != SegmentEhFrame) return (TableState.Missing, "it has no .eh_frame_hdr (program header GNU_EH_FRAME), which exceptions are unwound by");
        try
        {
            return FindProblem(elf, header, managed) is { } problem ? (TableState.Damaged, "its .eh_frame_hdr " + problem) : (TableState.Good, null);
        }
        catch (BadFormatException e)
        {
            return (TableState.Damaged, "its .eh_frame_hdr can't be read: " + e.Message);
        }
    }

    // LSB Core, "DWARF Exception Header": version, three encodings, pointer to .eh_frame, count, table of pairs.
    private static string? FindProblem(ElfFile elf, in ElfSegment header, int managed)
    {
        ByteView bytes = elf.Bytes.Slice(header.Offset, header.FileSize);
        var at = new ByteCursor(bytes, 0, elf.BigEndian);
        byte version = at.U8(), frames = at.U8(), count = at.U8(), table = at.U8();
        if (version != 1) return $"is of version {version} instead of 1";
        // What linkers write: pc-relative and header-relative 4-byte numbers.
        const byte pcRelative = 0x1B, plain = 0x03, headerRelative = 0x3B;
        if (frames != pcRelative || count != plain || table != headerRelative) return $"has encodings 0x{frames:x2}, 0x{count:x2}, 0x{table:x2} and no table to search";
        if (!elf.TryGetOffset(header.Address + 4 + (ulong)(long)at.I32(), out _)) return "leads to no .eh_frame";
        long entries = at.U32();
        if (entries == 0) return "has an empty table";
        if (entries > at.Remaining / 8) return $"counts {entries} entries, more than there is room for";
        ulong managedStart = managed >= 0 ? elf.Sections[managed].Address : 0, managedSize = managed >= 0 ? (ulong)elf.Sections[managed].Size : 0;
        long last = long.MinValue, inManaged = 0;
        for (long i = 0; i < entries; i++)
        {
            int code = at.I32();
            ulong frame = header.Address + (ulong)(long)at.I32();
            if (code < last) return "has a table that is not sorted";
            last = code;
            if (header.Address + (ulong)(long)code - managedStart < managedSize) inManaged++;
            if (!elf.TryGetOffset(frame, out _)) return $"has an entry that leads to no frame (address 0x{frame:x})";
        }
        return managedSize > 0 && inManaged == 0 ? "has no entry for the managed code" : null;
    }
}
