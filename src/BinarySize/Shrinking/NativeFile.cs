using BinarySize.Formats;
using BinarySize.Formats.Elf;
using BinarySize.Formats.Pe;
using BinarySize.IO;

namespace BinarySize.Shrinking;

/// <summary>What steps ask of a native file before they touch it.</summary>
internal static class NativeFile
{
    private const uint SegmentInterpreter = 3;

    private const ulong TagSharedName = 14, TagFlags1 = 0x6FFFFFFB;

    private const ulong FlagPie = 0x08000000;

    /// <summary>The format by the first bytes of a file; Other where it can't be read or is empty.</summary>
    public static FileFormat FormatOf(string path)
    {
        try
        {
            // A pipe has no length, and opening one would wait for its other end.
            if (new FileInfo(path) is not { Exists: true, Length: > 0 }) return FileFormat.Other;
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
            byte[] head = new byte[512];
            int count = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            using FileView view = FileView.FromBytes(head.AsSpan(0, count), path);
            return FileFormats.Detect(view.Bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return FileFormat.Other;
        }
    }

    /// <summary>
    /// True for a library that other programs load, false for a program: position-independent ones have the same type, and
    /// say what they are in DT_FLAGS_1, or by having an interpreter and no name of their own.
    /// </summary>
    public static bool IsLibrary(ElfFile elf)
    {
        if (elf.Type != ElfConstants.TypeShared) return false;
        bool hasInterpreter = false, hasName = false;
        foreach (ref readonly ElfSegment segment in elf.Segments)
        {
            if (segment.Type == SegmentInterpreter) hasInterpreter = true;
            if (segment.Type != ElfConstants.SegmentDynamic) continue;
            ByteView table = elf.Bytes.Clip(segment.Offset, segment.FileSize);
            int entry = elf.Is64 ? 16 : 8;
            for (long at = 0; table.Contains(at, entry); at += entry)
            {
                var cursor = new ByteCursor(table, at, elf.BigEndian);
                ulong tag = cursor.Word(elf.Is64), value = cursor.Word(elf.Is64);
                if (tag == 0) break;
                if (tag == TagFlags1 && (value & FlagPie) != 0) return false;
                if (tag == TagSharedName) hasName = true;
            }
        }
        return hasName || !hasInterpreter;
    }

    /// <summary>True for a file of symbols alone (objcopy --only-keep-debug): its code has no bytes.</summary>
    public static bool IsSymbolFile(ElfFile elf)
    {
        foreach (ref readonly ElfSection section in elf.Sections)
        {
            if (section.IsAllocated && section.IsCode && section.Type == ElfConstants.SectionNoBits && section.Size > 0) return true;
        }
        return false;
    }

    /// <summary>True where a kernel module's signature stands at the end (Linux, "Kernel module signing facility").</summary>
    public static bool HasAppendedSignature(ByteView bytes) => bytes.Matches(bytes.Length - 28, "~Module signature appended~\n"u8);

    /// <summary>
    /// True where UPX packed it: its mark stands behind the program headers (or in front of the first section of a PE
    /// file), or in the last bytes of what is no bundle.
    /// </summary>
    public static bool IsPacked(ByteView bytes)
    {
        ByteView head = bytes.Clip(0, 1024), tail = bytes.Clip(Math.Max(0, bytes.Length - 128), 128);
        return head.IndexOf("UPX!"u8) >= 0 || tail.IndexOf("UPX!"u8) >= 0;
    }

    /// <summary>True where an executable's own tables end before the file does.</summary>
    public static bool HasAppendedData(ByteView bytes, FileFormat format) =>
        Formats.Bundle.HostImage.TryRead(bytes, format) is { CoversAppended: false } image && image.End < bytes.Length;

    /// <summary>The machine of an ELF file in words, as far as it has a common name.</summary>
    public static string MachineName(ElfFile elf) => elf.Machine switch
    {
        3 => "x86",
        ElfConstants.MachineMips => "MIPS",
        20 => "PowerPC",
        21 => "PowerPC 64",
        22 => "s390x",
        ElfConstants.MachineArm => "ARM",
        ElfConstants.MachineX64 => "x64",
        ElfConstants.MachineArm64 => "ARM64",
        ElfConstants.MachineRiscV => "RISC-V",
        258 => "LoongArch",
        _ => $"machine {elf.Machine}",
    };

    /// <summary>IMAGE_SUBSYSTEM_* of a PE image: at 68 in both forms of the optional header.</summary>
    public static int Subsystem(PeFile pe) => pe.Bytes.U16(pe.HeaderOffset + 24 + 68);

    /// <summary>RVA of the entry point of a PE image; 0 where it has none.</summary>
    public static uint EntryPoint(PeFile pe) => pe.Bytes.U32(pe.HeaderOffset + 24 + 16);
}
