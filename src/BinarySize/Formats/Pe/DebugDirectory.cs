using System.Globalization;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Pe;

/// <summary>What the entries of a debug directory refer to (PE format, "Debug Directory (Image Only)").</summary>
internal static class DebugDirectory
{
    private static string NameOf(uint type) => type switch
    {
        1 => "COFF debug information",
        2 => "CodeView record",
        3 => "FPO records",
        4 => "debug file name",
        12 => "compiler features",
        13 => "profile-guided optimization data",
        14 => "link-time code generation",
        16 => "reproducible build hash",
        17 => "embedded portable PDB",
        19 => "PDB checksum",
        20 => "extended DLL characteristics",
        21 => "perf map entry",
        _ => string.Create(CultureInfo.InvariantCulture, $"debug data of type {type}"),
    };

    /// <summary>Claims the data of each entry of the directory at <paramref name="table"/>, <paramref name="length"/> bytes long.</summary>
    public static void Read(in MapScope scope, ImageLayout layout, long table, long length)
    {
        ByteView bytes = layout.Bytes;
        for (long at = table; at + 28 <= table + length; at += 28)
        {
            uint type = bytes.U32(at + 12), size = bytes.U32(at + 16), offset = bytes.U32(at + 24);
            if (size == 0 || offset == 0) continue;
            // "MPDB", then the unpacked size in bytes, then a deflate stream (portable PDB, "Embedded Portable PDB").
            long unpacked = type == 17 && size >= 8 && bytes.Matches(offset, "MPDB"u8) ? bytes.U32(offset + 4L) : -1;
            scope.Claim(offset, size, PartKind.Block, ContentKind.Debug, scope.Names.Intern(NameOf(type)), layout.PartAt(offset), unpacked);
        }
    }
}
