using System.Buffers.Binary;
using System.Numerics;
using BinarySize.Formats.Bundle;
using BinarySize.IO;

namespace BinarySize.Shrinking;

/// <summary>
/// Moves the bundle of a single-file app forward, behind a host that has become smaller: the offsets in its header, and the
/// header's own offset in the host, are lowered by the same number of bytes.
/// </summary>
internal static class BundleShift
{
    /// <summary>Why a bundle can't be moved; null where it can.</summary>
    public static string? Problem(ByteView bytes, BundleFile bundle)
    {
        if (bundle.Problem is { } problem) return problem;
        long first = FirstByte(bundle);
        if (first < bundle.HostLength) return "it begins inside its host";
        if (!bytes.IsFilledWith(bundle.HostLength, first - bundle.HostLength, 0)) return "unknown bytes stand between it and its host";
        foreach (BundleLocation location in (BundleLocation[])[bundle.DepsJson, bundle.RuntimeConfigJson])
        {
            if (location.Offset != 0 && (location.Offset < first || !bytes.Contains(location.Offset, location.Size))) return "its header names a file outside of it";
        }
        return null;
    }

    /// <summary>Offset of the first byte that moves: of a file, or of the header where no file has bytes.</summary>
    public static long FirstByte(BundleFile bundle)
    {
        long first = bundle.HeaderOffset;
        foreach (BundleEntry entry in bundle.Entries)
        {
            if (entry.StoredSize > 0) first = Math.Min(first, entry.Offset);
        }
        return first;
    }

    /// <summary>
    /// By how many bytes it moves forward when its host takes <paramref name="hostSize"/> bytes: as far as what is mapped
    /// into memory keeps its alignment. Not positive where there is no room to gain.
    /// </summary>
    public static long Distance(BundleFile bundle, long hostSize)
    {
        ulong mapped = 0;
        foreach (BundleEntry entry in bundle.Entries)
        {
            if (entry is { CompressedSize: 0, Size: > 0, Type: BundleEntryType.Assembly or BundleEntryType.NativeBinary }) mapped |= (ulong)entry.Offset;
        }
        // The SDK aligns to 16 bytes, or to pages of 4096 where the system maps files.
        long alignment = mapped == 0 ? 16 : Math.Clamp(1L << BitOperations.TrailingZeroCount(mapped), 16, 65536);
        return (FirstByte(bundle) - hostSize) / alignment * alignment;
    }

    /// <summary>Writes the host as it is to be packed: with the offset that the header will have.</summary>
    public static void WriteHost(ByteView bytes, BundleFile bundle, long distance, string path)
    {
        using FileStream host = File.Create(path);
        bytes.Slice(0, bundle.HostLength).AsStream().CopyTo(host);
        Span<byte> offset = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(offset, bundle.HeaderOffset - distance);
        host.Position = bundle.MarkerOffset;
        host.Write(offset);
    }

    /// <summary>Writes the packed host with the moved bundle behind it.</summary>
    public static void WriteAll(ByteView bytes, BundleFile bundle, string packedHost, long distance, string path)
    {
        long first = FirstByte(bundle);
        byte[] header = bytes.Span(bundle.HeaderOffset, checked((int)bundle.HeaderLength)).ToArray();
        void Lower(long record, long offset)
        {
            if (offset >= first) BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan((int)(record - bundle.HeaderOffset)), offset - distance);
        }
        if (bundle.DepsJson.Offset != 0) Lower(bundle.DepsJson.RecordOffset, bundle.DepsJson.Offset);
        if (bundle.RuntimeConfigJson.Offset != 0) Lower(bundle.RuntimeConfigJson.RecordOffset, bundle.RuntimeConfigJson.Offset);
        foreach (BundleEntry entry in bundle.Entries) Lower(entry.RecordOffset, entry.Offset);

        using FileStream all = File.Create(path);
        using (FileStream host = File.OpenRead(packedHost)) host.CopyTo(all);
        while (all.Position < first - distance) all.WriteByte(0);
        bytes.Slice(first, bundle.HeaderOffset - first).AsStream().CopyTo(all);
        all.Write(header);
        bytes.Slice(bundle.HeaderOffset + bundle.HeaderLength).AsStream().CopyTo(all);
    }
}
