using BinarySize.Formats;
using BinarySize.Formats.Bundle;
using BinarySize.Formats.Elf;
using BinarySize.Formats.Pe;
using BinarySize.IO;

namespace BinarySize.Shrinking;

/// <summary>Why a step leaves a file alone.</summary>
internal sealed record Refusal(string Code, string Reason);

/// <summary>
/// What a file is to UPX, and whether it may be packed. UPX packs some files that do not run afterwards, and its own test
/// passes on them: bundles, libraries with LZMA. So that is decided here, before UPX is asked.
/// </summary>
internal sealed class PackTarget
{
    /// <summary>Why it is left alone; null where it may be packed.</summary>
    public Refusal? Refusal { get; private set; }

    /// <summary>True for a library that programs load.</summary>
    public bool IsLibrary { get; private set; }

    /// <summary>The bundle that is appended to it; null where none is.</summary>
    public BundleFile? Bundle { get; private set; }

    /// <summary>True for the formats of programs, of which it is said why one is left alone.</summary>
    public static bool IsKind(FileFormat format) => format is FileFormat.Elf or FileFormat.Pe or FileFormat.MachO or FileFormat.MachOFat or FileFormat.Wasm;

    /// <summary>Looks at a file.</summary>
    /// <param name="path">Where it stands among its neighbours.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="lzma">Whether LZMA is to be used.</param>
    public static PackTarget Inspect(string path, ByteView bytes, bool lzma)
    {
        var target = new PackTarget();
        FileFormat format = FileFormats.Detect(bytes);
        try
        {
            target.Refusal = format switch
            {
                FileFormat.Elf => target.InspectElf(bytes, lzma),
                FileFormat.Pe => target.InspectPe(path, bytes, lzma),
                FileFormat.MachO or FileFormat.MachOFat => new Refusal(StepCodes.PackTarget, "UPX does not serve macOS: packed programs are killed by the system's code signing."),
                FileFormat.Wasm => new Refusal(StepCodes.PackTarget, "UPX does not serve WebAssembly; servers send it compressed with brotli or gzip."),
                _ => new Refusal(StepCodes.PackTarget, "It is no program that UPX serves."),
            };
            target.Refusal ??= target.InspectBundle(bytes);
        }
        catch (BadFormatException e)
        {
            target.Refusal = new Refusal(StepCodes.PackTarget, $"Its headers are damaged: {e.Message}.");
        }
        return target;
    }

    /// <summary>
    /// What is wrong with a packed file as far as its headers tell; null where nothing is.
    /// </summary>
    public static string? Check(ByteView before, ByteView after, bool isLibrary)
    {
        try
        {
            return FileFormats.Detect(before) == FileFormat.Elf ? CheckElf(ElfFile.Parse(before), ElfFile.Parse(after), isLibrary) : CheckPe(PeFile.Parse(before), PeFile.Parse(after));
        }
        catch (BadFormatException e)
        {
            return $"its headers are damaged: {e.Message}";
        }
    }

    private Refusal? InspectElf(ByteView bytes, bool lzma)
    {
        ElfFile elf = ElfFile.Parse(bytes);
        if (NativeFile.IsPacked(bytes)) return new Refusal(StepCodes.PackPacked, "It is packed with UPX already.");
        if (elf.Type is not (ElfConstants.TypeExecutable or ElfConstants.TypeShared)) return new Refusal(StepCodes.PackTarget, "It is an object file or a core dump, no program.");
        bool isServed = elf.Machine switch
        {
            3 or ElfConstants.MachineArm or ElfConstants.MachineMips or 20 => !elf.Is64,
            ElfConstants.MachineX64 or ElfConstants.MachineArm64 or 21 => elf.Is64,
            _ => false,
        };
        if (!isServed) return new Refusal(StepCodes.PackTarget, $"UPX does not serve {(elf.Is64 ? 64 : 32)}-bit {NativeFile.MachineName(elf)} programs.");
        // 0 is System V, 3 is GNU/Linux.
        if (elf.OsAbi is not (0 or 3)) return new Refusal(StepCodes.PackTarget, $"It is made for another system than Linux (OS/ABI {elf.OsAbi}), which UPX does not serve.");
        if (NativeFile.HasAppendedSignature(bytes)) return Signed();
        IsLibrary = NativeFile.IsLibrary(elf);
        return IsLibrary && lzma ? LibraryWithLzma() : null;
    }

    private Refusal? InspectPe(string path, ByteView bytes, bool lzma)
    {
        PeFile pe = PeFile.Parse(bytes);
        if (pe.IsManaged) return Managed(path);
        if (NativeFile.IsPacked(bytes)) return new Refusal(StepCodes.PackPacked, "It is packed with UPX already.");
        if (pe.Machine is not (PeFile.MachineI386 or PeFile.MachineAmd64)) return new Refusal(StepCodes.PackTarget, $"UPX does not serve Windows programs of machine 0x{pe.Machine:X4}.");
        const int gui = 2, console = 3;
        if (NativeFile.Subsystem(pe) is not (gui or console)) return new Refusal(StepCodes.PackTarget, "It is no program of Windows itself, but a driver or firmware.");
        if (pe.IsSigned) return Signed();
        if (pe.HasControlFlowGuard) return new Refusal(StepCodes.PackControlFlowGuard, "It carries Control Flow Guard, whose tables UPX would make void; UPX refuses it, and it is never forced.");
        const ushort library = 0x2000;
        IsLibrary = (pe.Characteristics & library) != 0;
        return IsLibrary && lzma ? LibraryWithLzma() : null;
    }

    private Refusal? InspectBundle(ByteView bytes)
    {
        if (!BundleFile.TryParse(bytes, out BundleFile? bundle)) return null;
        if (!bundle.IsKnownVersion) return new Refusal(StepCodes.PackBundleVersion, $"It is a single-file bundle of a version that is not known ({bundle.MajorVersion}.{bundle.MinorVersion}); packed, it would not start.");
        if (BundleShift.Problem(bytes, bundle) is { } problem) return new Refusal(StepCodes.PackBundleVersion, $"It is a single-file bundle whose layout is not known: {problem}.");
        Bundle = bundle;
        return null;
    }

    private static Refusal Managed(string path)
    {
        // "dotnet app.dll" is how it is run when this stands beside it.
        if (!File.Exists(Path.ChangeExtension(path, ".runtimeconfig.json"))) return new Refusal(StepCodes.PackManaged, "It is a managed assembly, which UPX does not serve; trimming and single-file compression make those smaller.");
        string program = Path.ChangeExtension(path, null);
        return new Refusal(StepCodes.PackFrameworkDependent, File.Exists(program) || File.Exists(program + ".exe")
            ? "It is the assembly of a framework-dependent app, run by the program beside it; only that program can be packed."
            : "It is the assembly of a framework-dependent app that has no program of its own (UseAppHost=false): there is nothing that UPX could pack.");
    }

    private static Refusal Signed() => new(StepCodes.PackSigned, "It is signed; packing would break the signature. Pack first, and sign what comes out.");

    private static Refusal LibraryWithLzma() => new(StepCodes.PackLibraryWithLzma, "It is a library that programs load, and packed with LZMA it crashes them; without LZMA it can be packed (BinarySizePackLzma=false).");

    private static string? CheckElf(ElfFile before, ElfFile after, bool isLibrary)
    {
        if (after.Problems.Count > 0) return after.Problems[0];
        if ((after.Machine, after.Is64, after.BigEndian, after.Type) != (before.Machine, before.Is64, before.BigEndian, before.Type)) return "it is for another machine, or of another type, than its input";
        bool hasEntry = false, hasDynamic = false;
        foreach (ref readonly ElfSegment segment in after.Segments)
        {
            const uint execute = 1;
            if (segment.Type == ElfConstants.SegmentDynamic) hasDynamic = true;
            if (segment.Type != ElfConstants.SegmentLoad) continue;
            // Of a file that is smaller than a page the kernel maps the whole page, and UPX says so.
            const long page = 4096;
            if (segment.FileSize < 0 || segment.Offset < 0 || segment.Offset > after.Bytes.Length || segment.FileSize > (after.Bytes.Length + page - 1) / page * page - segment.Offset) return $"a segment of {segment.FileSize} bytes at offset {segment.Offset} lies outside of it";
            hasEntry |= (segment.Flags & execute) != 0 && after.EntryPoint - segment.Address < (ulong)segment.FileSize;
        }
        if (!isLibrary) return hasEntry ? null : $"its entry point 0x{after.EntryPoint:x} lies in no code";
        if (!hasDynamic) return "it has no dynamic section any more";
        // Pack header, the last 36 bytes: magic, version, format, method.
        const byte methodLzma = 14;
        ByteView header = after.Bytes.Clip(after.Bytes.Length - 36, 36);
        return header.Matches(0, "UPX!"u8) && header.U8(6) == methodLzma ? "UPX used LZMA, which crashes programs that load it" : null;
    }

    private static string? CheckPe(PeFile before, PeFile after)
    {
        if ((after.Machine, after.Is64) != (before.Machine, before.Is64)) return "it is for another machine than its input";
        foreach (PeSection section in after.Sections)
        {
            if (section.FileSize > 0 && !after.Bytes.Contains(section.RawOffset, section.FileSize)) return $"a section of {section.FileSize} bytes at offset {section.RawOffset} lies outside of it";
        }
        uint entry = NativeFile.EntryPoint(after);
        return entry == 0 || after.TryMap(entry, out _, out _) ? null : $"its entry point 0x{entry:x} lies in no section";
    }
}
