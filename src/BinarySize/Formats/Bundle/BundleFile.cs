using System.Text;
using BinarySize.IO;

namespace BinarySize.Formats.Bundle;

/// <summary>What a bundle's entry is, as the .NET host numbers it.</summary>
public enum BundleEntryType : byte
{
    Unknown,
    Assembly,
    NativeBinary,
    DepsJson,
    RuntimeConfigJson,
    Symbols,
}

/// <summary>One file in a bundle.</summary>
/// <param name="Path">Its path relative to the app's folder, with '/'.</param>
/// <param name="Type">What it is.</param>
/// <param name="Offset">Its first byte in the bundle's file, in bytes.</param>
/// <param name="Size">Its size in bytes, unpacked.</param>
/// <param name="CompressedSize">Its size in bytes as it lies there, raw deflate; 0 where it is not compressed.</param>
/// <param name="RecordOffset">
/// Where its record stands in the file: offset (8 bytes), size (8 bytes), from version 6 on compressed size (8 bytes),
/// type (1 byte), path.
/// </param>
public sealed record BundleEntry(string Path, BundleEntryType Type, long Offset, long Size, long CompressedSize, long RecordOffset)
{
    /// <summary>Bytes that it takes in the file.</summary>
    public long StoredSize => CompressedSize > 0 ? CompressedSize : Size;
}

/// <summary>A file in a bundle that its header names on its own, so that the host need not look for it.</summary>
/// <param name="Offset">Its first byte; 0 where there is none.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="RecordOffset">Where offset and size (8 bytes each) stand in the file; 0 in versions that have none.</param>
public readonly record struct BundleLocation(long Offset, long Size, long RecordOffset);

/// <summary>
/// The manifest of a .NET single-file app: an executable (the host), the app's files appended to it, and a header that
/// lists them (dotnet/designs "bundler.md" and the host's header.h, file_entry.h). Versions 1 (.NET Core 3),
/// 2 (.NET 5) and 6 (.NET 6 and later).
/// </summary>
public sealed class BundleFile
{
    // The SHA-256 of ".net core bundle" and a line feed. Its complement stands here, so that this library does not itself look
    // like a host; to compute the hash would load OpenSSL, which takes longer than all else that is done for a small file.
    private static readonly byte[] s_signature = Complement(
    [
        0x74, 0xED, 0xFD, 0x46, 0x95, 0x9E, 0xDF, 0xC7, 0x8D, 0x84, 0x6C, 0xFD, 0xEB, 0x28, 0x5F, 0xCD,
        0xEC, 0x0A, 0x46, 0x19, 0x10, 0x51, 0xCC, 0xE7, 0x11, 0xC4, 0xD2, 0x31, 0xDB, 0x4C, 0x95, 0x51,
    ]);

    private readonly List<BundleEntry> _entries = [];

    private BundleFile(long markerOffset, long headerOffset)
    {
        MarkerOffset = markerOffset;
        HeaderOffset = headerOffset;
    }

    /// <summary>Where in the host the header's offset (8 bytes) stands, followed by the signature.</summary>
    public long MarkerOffset { get; }

    /// <summary>Where the header starts.</summary>
    public long HeaderOffset { get; }

    /// <summary>Bytes of the header with all records of entries; as far as it could be read.</summary>
    public long HeaderLength { get; private set; }

    /// <summary>Bytes of the host: what stands before the first entry, without padding for alignment where that can be told.</summary>
    public long HostLength { get; private set; }

    /// <summary>Version of the header.</summary>
    public uint MajorVersion { get; private set; }

    public uint MinorVersion { get; private set; }

    /// <summary>The bundle's id, by which the host names the folder that it extracts to.</summary>
    public string Id { get; private set; } = "";

    /// <summary>The app's deps.json (version 2 and later).</summary>
    public BundleLocation DepsJson { get; private set; }

    /// <summary>The app's runtimeconfig.json (version 2 and later).</summary>
    public BundleLocation RuntimeConfigJson { get; private set; }

    /// <summary>Flags (version 2 and later): 1 means that all files are extracted at start-up.</summary>
    public ulong Flags { get; private set; }

    /// <summary>The files, in the order of the header.</summary>
    public IReadOnlyList<BundleEntry> Entries => _entries;

    /// <summary>True where the header's version is one that is known here.</summary>
    public bool IsKnownVersion => MajorVersion is 1 or 2 or 6;

    /// <summary>What is wrong with the header; null where all of it could be read and every entry lies in the file.</summary>
    public string? Problem { get; private set; }

    /// <summary>
    /// Recognises a bundle. False where the file is no executable or its host has no bundle. True also for a bundle
    /// that is damaged or of an unknown version: <see cref="Problem"/> and <see cref="IsKnownVersion"/> say so.
    /// </summary>
    public static bool TryParse(ByteView bytes, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out BundleFile? bundle)
    {
        bundle = null;
        FileFormat format = FileFormats.Detect(bytes);
        return HostImage.TryRead(bytes, format) is { } host && TryParse(bytes, host, out bundle);
    }

    internal static bool TryParse(ByteView bytes, HostImage host, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out BundleFile? bundle)
    {
        bundle = null;
        // Nothing is appended to most files, and then there is nothing to look for.
        if (!host.CoversAppended && !host.HasAppended(bytes.Length)) return false;
        foreach ((long start, long length) in host.Writable)
        {
            ByteView data = bytes.Slice(start, length);
            for (long at = 0; (at = data.IndexOf(s_signature, at)) >= 0; at += s_signature.Length)
            {
                // The host's own placeholder is 0 until the bundler fills it in.
                if (at < 8 || data.I64(at - 8) is not (> 0 and < 1L << 40 and var header)) continue;
                bundle = new BundleFile(start + at - 8, header);
                bundle.Read(bytes, host);
                return true;
            }
        }
        return false;
    }

    internal static ReadOnlySpan<byte> Signature => s_signature;

    private static byte[] Complement(byte[] bytes) => Array.ConvertAll(bytes, static b => (byte)~b);

    private void Read(ByteView bytes, HostImage host)
    {
        long firstEntry = HeaderOffset;
        try
        {
            if (HeaderOffset >= bytes.Length) throw new BadFormatException($"its header should stand at offset {HeaderOffset}, after the end of the file");
            if (HeaderOffset <= MarkerOffset) throw new BadFormatException($"its header should stand at offset {HeaderOffset}, inside the host");
            var cursor = new ByteCursor(bytes, HeaderOffset);
            MajorVersion = cursor.U32();
            MinorVersion = cursor.U32();
            if (!IsKnownVersion) throw new BadFormatException($"its version is {MajorVersion}.{MinorVersion}");
            uint count = cursor.U32();
            Id = ReadText(ref cursor);
            if (MajorVersion >= 2)
            {
                DepsJson = ReadLocation(ref cursor);
                RuntimeConfigJson = ReadLocation(ref cursor);
                Flags = cursor.U64();
            }
            HeaderLength = cursor.Position - HeaderOffset;
            int fixedSize = MajorVersion >= 6 ? 25 : 17;
            if (count > (ulong)cursor.Remaining / (ulong)(fixedSize + 1)) throw new BadFormatException($"its header counts {count} files, more than there is room for");
            _entries.Capacity = (int)count;
            for (uint i = 0; i < count; i++)
            {
                long record = cursor.Position;
                long offset = cursor.I64(), size = cursor.I64(), compressed = MajorVersion >= 6 ? cursor.I64() : 0;
                var type = (BundleEntryType)cursor.U8();
                string path = ReadText(ref cursor);
                HeaderLength = cursor.Position - HeaderOffset;
                var entry = new BundleEntry(path, type, offset, size, compressed, record);
                _entries.Add(entry);
                if (size < 0 || compressed < 0 || !bytes.Contains(offset, entry.StoredSize)) Problem ??= $"'{path}' ({entry.StoredSize} bytes at offset {offset}) lies outside the file";
                else if (entry.StoredSize > 0) firstEntry = Math.Min(firstEntry, offset);
            }
        }
        catch (BadFormatException e)
        {
            Problem = e.Message;
        }
        firstEntry = Math.Clamp(firstEntry, 0, bytes.Length);
        // An entry that claims to lie inside the host is a lie; the host's own tables then say where it ends.
        HostLength = firstEntry <= MarkerOffset ? host.End : Math.Min(host.End, firstEntry);
    }

    private static BundleLocation ReadLocation(ref ByteCursor cursor)
    {
        long record = cursor.Position;
        return new BundleLocation(cursor.I64(), cursor.I64(), record);
    }

    // BinaryWriter's string: length in 7-bit groups, UTF-8.
    private static string ReadText(ref ByteCursor cursor)
    {
        ulong length = cursor.Uleb128();
        if (length > (ulong)cursor.Remaining) throw new BadFormatException($"a path of {length} bytes reaches past the end of the file");
        return Encoding.UTF8.GetString(cursor.Bytes((int)Math.Min(length, int.MaxValue)));
    }
}
