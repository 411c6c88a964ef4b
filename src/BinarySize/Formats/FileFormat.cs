using BinarySize.IO;

namespace BinarySize.Formats;

/// <summary>The formats that are told apart by their first bytes.</summary>
public enum FileFormat
{
    /// <summary>None of the others: measured as one slice.</summary>
    Other,
    Elf,

    /// <summary>PE/COFF image. A managed assembly is one too.</summary>
    Pe,

    /// <summary>COFF object file.</summary>
    Coff,
    MachO,
    MachOFat,
    Wasm,
    Webcil,

    /// <summary>Static archive (ar).</summary>
    Ar,
    Zip,
    Gzip,
    Tar,
}

/// <summary>Tells formats by magic numbers.</summary>
public static class FileFormats
{
    /// <summary>The format of a file by its first bytes; <see cref="FileFormat.Other"/> where none is recognised.</summary>
    public static FileFormat Detect(ByteView bytes)
    {
        if (bytes.Matches(0, "\u007fELF"u8)) return FileFormat.Elf;
        if (bytes.Matches(0, "MZ"u8)) return FileFormat.Pe;
        if (bytes.Matches(0, "PK\u0003\u0004"u8) || bytes.Matches(0, "PK\u0005\u0006"u8)) return FileFormat.Zip;
        if (bytes.Matches(0, "\0asm"u8)) return FileFormat.Wasm;
        if (bytes.Matches(0, "WbIL"u8)) return FileFormat.Webcil;
        if (bytes.Matches(0, "!<arch>\n"u8) || bytes.Matches(0, "!<thin>\n"u8)) return FileFormat.Ar;
        if (bytes.Matches(0, [0x1F, 0x8B, 0x08])) return FileFormat.Gzip;
        if (bytes.Matches(257, "ustar"u8)) return FileFormat.Tar;
        if (bytes.Length >= 4)
        {
            switch (bytes.U32(0))
            {
                case 0xFEEDFACE or 0xFEEDFACF or 0xCEFAEDFE or 0xCFFAEDFE:
                    return FileFormat.MachO;
                // A Java class file has the same magic; its version stands where a fat binary counts its few architectures.
                case 0xBEBAFECA or 0xBFBAFECA when bytes.Length >= 8 && bytes.U32(4, bigEndian: true) is > 0 and < 40:
                    return FileFormat.MachOFat;
            }
        }
        return Pe.PeFile.IsObject(bytes) ? FileFormat.Coff : FileFormat.Other;
    }
}
