using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Unicode;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Archives;

/// <summary>
/// Maps a ZIP archive (PKWARE APPNOTE 6.3.10; nupkg, vsix, jar, apk): every entry is a <see cref="PartKind.File"/> of
/// its compressed size, and what the format needs besides is named on its own. The central directory decides; where
/// local headers say otherwise, a warning tells.
/// </summary>
public static class ZipReader
{
    private const uint LocalHeader = 0x04034B50, DirectoryHeader = 0x02014B50, Descriptor = 0x08074B50, Zip64End = 0x06064B50, Zip64Locator = 0x07064B50;
    private const int LocalLength = 30, DirectoryLength = 46, EndLength = 22, Zip64EndLength = 56, LocatorLength = 20;
    private const int Encrypted = 1, HasDescriptor = 8, Utf8Names = 0x800;
    private const ushort Stored = 0, Deflated = 8;

    private static ReadOnlySpan<byte> EndSignature => "PK\u0005\u0006"u8;

    /// <summary>One entry, as the central directory has it, and where its parts lie.</summary>
    private struct Entry
    {
        public long Header, Data, DataEnd, End;
        public long Compressed, Unpacked;
        public uint Crc;
        public ushort Method, Flags;
        public int Name, Part;
        public bool IsFolder;
    }

    /// <summary>Where the directory of an archive is.</summary>
    private struct Directory
    {
        /// <summary>Offset of the central directory, and its length.</summary>
        public long Start, Length;

        /// <summary>What has to be added to offsets in the archive: bytes put in front of it.</summary>
        public long Shift;

        /// <summary>Offset of the end of central directory record; its comment's length.</summary>
        public long End;
        public int CommentLength;

        /// <summary>Offset and length of the Zip64 end record and locator; 0 where there are none.</summary>
        public long Zip64Start, Zip64Length, LocatorStart;
        public ulong Count;
        public bool Spanned;
    }

    /// <summary>Maps the archive at <paramref name="scope"/>.</summary>
    public static void Read(in MapScope scope)
    {
        if (TryFind(scope.Bytes, out Directory directory)) Read(scope, directory, scope.Part);
        else
        {
            Salvage(scope);
            throw new BadFormatException("the archive has no central directory, it is cut off");
        }
    }

    /// <summary>True where the last record of a file is the end of a zip archive without comment, whatever the file begins with.</summary>
    internal static bool EndsLikeZip(ByteView bytes) =>
        bytes.Length > EndLength && bytes.Matches(bytes.Length - EndLength, EndSignature) && TryFind(bytes, out Directory d) && d.Count > 0 && IsDirectory(bytes, d.Start);

    /// <summary>
    /// Maps an archive that is appended to an executable (a self-extracting one) below a part of its own.
    /// </summary>
    /// <param name="scope">The whole file.</param>
    /// <param name="hostEnd">Where the executable ends by its own account.</param>
    /// <param name="archiveStart">Where the archive starts.</param>
    internal static bool TryReadAppended(in MapScope scope, long hostEnd, out long archiveStart)
    {
        archiveStart = 0;
        if (!TryFind(scope.Bytes, out Directory directory) || directory.Count == 0 || directory.Start < hostEnd || !IsDirectory(scope.Bytes, directory.Start)) return false;
        int archive = scope.Map.AddPart(scope.Part, PartKind.Overlay, ContentKind.Other, scope.Names.Intern("zip archive"));
        archiveStart = Math.Max(hostEnd, Read(scope, directory, archive));
        return true;
    }

    private static bool IsDirectory(ByteView bytes, long at) => bytes.Contains(at, DirectoryLength) && bytes.U32(at) == DirectoryHeader;

    /// <summary>Finds the end record: the last one whose comment fits, best the one that ends with the file (APPNOTE 4.3.16).</summary>
    private static bool TryFind(ByteView bytes, out Directory directory)
    {
        directory = default;
        if (bytes.Length < EndLength) return false;
        int window = (int)Math.Min(bytes.Length, EndLength + ushort.MaxValue);
        long from = bytes.Length - window;
        ReadOnlySpan<byte> tail = bytes.Span(from, window);
        long found = -1;
        for (int end = tail.Length; (end = tail[..end].LastIndexOf(EndSignature)) >= 0;)
        {
            if (tail.Length - end < EndLength) continue;
            int stop = end + EndLength + BinaryPrimitives.ReadUInt16LittleEndian(tail[(end + 20)..]);
            if (stop > tail.Length) continue;
            if (found < 0 || stop == tail.Length) found = from + end;
            if (stop == tail.Length) break;
        }
        if (found < 0) return false;

        directory.End = found;
        directory.CommentLength = bytes.U16(found + 20);
        directory.Count = bytes.U16(found + 10);
        directory.Spanned = bytes.U16(found + 4) is not (0 or 0xFFFF);
        long length = bytes.U32(found + 12), start = bytes.U32(found + 16), after = found;
        long locator = found - LocatorLength;
        if (locator >= 0 && bytes.U32(locator) == Zip64Locator)
        {
            // Where the locator points, or, when bytes were put in front of the archive, right before the locator.
            long record = bytes.I64(locator + 8);
            if (!bytes.Contains(record, Zip64EndLength) || bytes.U32(record) != Zip64End) record = locator - Zip64EndLength;
            if (bytes.Contains(record, Zip64EndLength) && record < locator && bytes.U32(record) == Zip64End)
            {
                directory.LocatorStart = locator;
                directory.Zip64Start = record;
                directory.Zip64Length = Math.Clamp(bytes.I64(record + 4), Zip64EndLength - 12, locator - record - 12) + 12;
                if (directory.Count == 0xFFFF) directory.Count = bytes.U64(record + 32);
                if (length == 0xFFFFFFFF) length = bytes.I64(record + 40);
                if (start == 0xFFFFFFFF) start = bytes.I64(record + 48);
                after = record;
            }
        }
        if (length < 0 || length > after) length = 0;
        // The stated place counts where a directory is there; else it ends right before its end record.
        if (!(IsDirectory(bytes, start) && start <= after) && directory.Count > 0)
        {
            directory.Shift = after - length - start;
            start = after - length;
        }
        directory.Start = Math.Clamp(start, 0, after);
        directory.Length = Math.Min(length, after - directory.Start);
        return true;
    }

    private static long Read(in MapScope scope, in Directory directory, int parent)
    {
        ByteView bytes = scope.Bytes;
        if (directory.Spanned) scope.Warn(MapWarningCodes.Unknown, "the archive is one of several volumes; entries in the others are not there");
        List<Entry> entries = ReadDirectory(scope, directory, parent);

        // The directory's own records take part: an entry that reaches into them lies.
        int count = entries.Count;
        var ranges = new FileRange[count + 1];
        Span<Entry> all = CollectionsMarshal.AsSpan(entries);
        for (int i = 0; i < count; i++)
        {
            Locate(scope, ref all[i]);
            ranges[i] = new FileRange(all[i].Header, all[i].End, i);
        }
        long trailer = directory.End + EndLength + directory.CommentLength;
        ranges[count] = new FileRange(directory.Start, trailer, count);
        MapScope to = scope;
        string Describe(FileRange r) => r.Item == count ? "the central directory" : $"'{to.Names.Text(entries[r.Item].Name)}'";
        RangeLayout.Arrange(ranges, (a, b) => to.Warn(MapWarningCodes.Damaged, $"{Describe(a)} ({a.End - a.Start} bytes at offset {a.Start}) overlaps {Describe(b)} (at offset {b.Start})"));

        long first = bytes.Length;
        foreach (FileRange range in ranges)
        {
            if (range.End > range.Start)
            {
                first = range.Start;
                break;
            }
        }
        if (first > 0 && parent == scope.Part && !bytes.IsFilledWith(0, first, 0)) scope.Claim(0, first, PartKind.Block, ContentKind.Other, "data before the archive", parent);
        int headers = -1;
        foreach (FileRange range in ranges)
        {
            if (range.Item == count) ClaimDirectory(scope, directory, parent);
            else if (range.End > range.Start)
            {
                ref Entry e = ref all[range.Item];
                if (headers < 0) headers = scope.Map.AddPart(parent, PartKind.Header, ContentKind.Format, scope.Names.Intern("local headers"));
                long data = Math.Min(e.Data, range.End), dataEnd = Math.Min(e.DataEnd, range.End);
                scope.Extend(range.Start, data - range.Start, headers);
                if (!e.IsFolder || dataEnd > data) scope.Extend(data, dataEnd - data, e.Part);
                scope.Extend(dataEnd, range.End - dataEnd, headers);
            }
        }
        if (scope.LookInside) LookInside(scope, all, ranges);
        return first;
    }

    private static List<Entry> ReadDirectory(in MapScope scope, in Directory directory, int parent)
    {
        ByteView bytes = scope.Bytes;
        var names = new EntryNames(scope.Names);
        var entries = new List<Entry>((int)Math.Min(directory.Count, (ulong)(directory.Length / DirectoryLength)));
        long at = directory.Start, end = at + directory.Length;
        // Without a stated length (a lie) it goes on for as long as there are entries.
        if (directory.Length == 0) end = directory.Zip64Start > 0 ? directory.Zip64Start : directory.End;
        while (end - at >= DirectoryLength && bytes.U32(at) == DirectoryHeader)
        {
            int nameLength = bytes.U16(at + 28), extraLength = bytes.U16(at + 30), commentLength = bytes.U16(at + 32);
            if (at + DirectoryLength + nameLength + extraLength > end)
            {
                scope.Warn(MapWarningCodes.Damaged, $"entry {entries.Count + 1} of the central directory reaches past its end");
                break;
            }
            ReadOnlySpan<byte> name = bytes.Span(at + DirectoryLength, nameLength), extra = bytes.Span(at + DirectoryLength + nameLength, extraLength);
            var e = new Entry
            {
                Flags = bytes.U16(at + 8),
                Method = bytes.U16(at + 10),
                Crc = bytes.U32(at + 16),
                Compressed = bytes.U32(at + 20),
                Unpacked = bytes.U32(at + 24),
                Header = bytes.U32(at + 42),
                IsFolder = name.EndsWith("/"u8) || name.EndsWith("\\"u8),
            };
            ReadExtra(extra, ref e);
            int madeBy = bytes.U8(at + 5);
            e.Name = NameOf(names, name, extra, (e.Flags & Utf8Names) != 0, madeBy);
            e.Header = unchecked(e.Header + directory.Shift);
            e.Part = e.IsFolder && e.Compressed == 0 ? -1
                : scope.Map.AddPart(parent, PartKind.File, IsSignature(name) ? ContentKind.Signature : ContentKind.Other, e.Name, e.Method == Stored ? -1 : e.Unpacked);
            entries.Add(e);
            at += DirectoryLength + nameLength + extraLength + commentLength;
        }
        // The 16-bit count of an archive without Zip64 wraps around.
        ulong found = (ulong)entries.Count;
        if (found != directory.Count && (directory.Zip64Start > 0 || (ushort)found != directory.Count))
        {
            scope.Warn(MapWarningCodes.Damaged, $"the central directory has {found} entries, not the {directory.Count} that are stated");
        }
        return entries;
    }

    private static bool IsSignature(ReadOnlySpan<byte> name) => name.SequenceEqual(".signature.p7s"u8);

    /// <summary>Zip64 values stand in extra field 1, in fixed order, each only where its 32-bit field is full (APPNOTE 4.5.3).</summary>
    private static void ReadExtra(ReadOnlySpan<byte> extra, ref Entry e)
    {
        ReadOnlySpan<byte> zip64 = FindExtra(extra, 1);
        if (e.Unpacked == 0xFFFFFFFF) Take(ref zip64, ref e.Unpacked);
        if (e.Compressed == 0xFFFFFFFF) Take(ref zip64, ref e.Compressed);
        if (e.Header == 0xFFFFFFFF) Take(ref zip64, ref e.Header);

        static void Take(ref ReadOnlySpan<byte> from, ref long value)
        {
            if (from.Length < 8) return;
            value = BinaryPrimitives.ReadInt64LittleEndian(from);
            from = from[8..];
        }
    }

    private static ReadOnlySpan<byte> FindExtra(ReadOnlySpan<byte> extra, ushort id)
    {
        while (extra.Length >= 4)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (length > extra.Length - 4) break;
            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == id) return extra.Slice(4, length);
            extra = extra[(4 + length)..];
        }
        return default;
    }

    private static int NameOf(EntryNames names, ReadOnlySpan<byte> name, ReadOnlySpan<byte> extra, bool utf8, int madeBy)
    {
        const int dos = 0, unix = 3;
        // Info-ZIP's Unicode path (APPNOTE 4.6.9): version 1, CRC-32 of the name that it stands for, the name.
        ReadOnlySpan<byte> unicode = FindExtra(extra, 0x7075);
        if (unicode.Length > 5 && unicode[0] == 1 && BinaryPrimitives.ReadUInt32LittleEndian(unicode[1..]) == Crc32(name)) return names.Unique(unicode[5..]);
        // Unix tools write names as their file system has them, often without the flag.
        if (utf8 || (madeBy == unix && Utf8.IsValid(name)) || !name.ContainsAnyInRange((byte)0x80, (byte)0xFF))
        {
            if (madeBy != dos || name.Contains((byte)'/') || !name.Contains((byte)'\\')) return names.Unique(name);
            byte[] turned = name.ToArray();
            turned.AsSpan().Replace((byte)'\\', (byte)'/');
            return names.Unique(turned);
        }
        return names.UniqueOem(name);
    }

    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int i = 0; i < 8; i++) crc = (crc >> 1) ^ (0xEDB88320 & (uint)-(int)(crc & 1));
        }
        return ~crc;
    }

    /// <summary>Finds an entry's data behind its local header, and holds the header against the directory.</summary>
    private static void Locate(in MapScope scope, ref Entry e)
    {
        ByteView bytes = scope.Bytes;
        if (!bytes.Contains(e.Header, LocalLength) || bytes.U32(e.Header) != LocalHeader)
        {
            scope.Warn(MapWarningCodes.Damaged, $"'{scope.Names.Text(e.Name)}' has no local header at offset {e.Header}, where the central directory puts it");
            e.Data = e.DataEnd = e.End = e.Header;
            return;
        }
        int nameLength = bytes.U16(e.Header + 26), extraLength = bytes.U16(e.Header + 28);
        e.Data = Math.Min(e.Header + LocalLength + nameLength + extraLength, bytes.Length);
        if (e.Compressed < 0 || e.Compressed > bytes.Length - e.Data)
        {
            scope.Warn(MapWarningCodes.Damaged, $"'{scope.Names.Text(e.Name)}' has {e.Compressed} bytes by the central directory, and only {bytes.Length - e.Data} are left in the file");
            e.DataEnd = e.End = bytes.Length;
            return;
        }
        e.DataEnd = e.End = e.Data + e.Compressed;
        bool described = (e.Flags & HasDescriptor) != 0;
        var local = new Entry { Compressed = bytes.U32(e.Header + 18), Unpacked = bytes.U32(e.Header + 22), Header = 0 };
        if (extraLength > 0 && bytes.Contains(e.Header + LocalLength + nameLength, extraLength)) ReadExtra(bytes.Span(e.Header + LocalLength + nameLength, extraLength), ref local);
        // With a descriptor the header's sizes are 0 (or unknown); what it does say must be true.
        bool Differs(long local, long stated) => local != stated && !(described && local is 0 or 0xFFFFFFFF);
        if (Differs(local.Compressed, e.Compressed) || Differs(local.Unpacked, e.Unpacked))
        {
            scope.Warn(MapWarningCodes.Damaged, $"'{scope.Names.Text(e.Name)}' has {e.Compressed} bytes ({e.Unpacked} unpacked) by the central directory, and {local.Compressed} ({local.Unpacked}) by its local header");
        }
        else if (bytes.U16(e.Header + 8) != e.Method)
        {
            scope.Warn(MapWarningCodes.Damaged, $"'{scope.Names.Text(e.Name)}' is compressed with method {e.Method} by the central directory, and {bytes.U16(e.Header + 8)} by its local header");
        }
        if (e.Method == Stored && (e.Flags & Encrypted) == 0 && e.Compressed != e.Unpacked)
        {
            scope.Warn(MapWarningCodes.Damaged, $"'{scope.Names.Text(e.Name)}' is stored as it is, in {e.Compressed} bytes, and says that it has {e.Unpacked}");
        }
        if (described)
        {
            int length = DescriptorLength(bytes, e);
            if (length == 0) scope.Warn(MapWarningCodes.Damaged, $"'{scope.Names.Text(e.Name)}' should be followed by a data descriptor, and is not");
            e.End += length;
        }
    }

    /// <summary>A descriptor has a signature or none, and sizes of 4 or 8 bytes (APPNOTE 4.3.9): whichever of the four fits.</summary>
    private static int DescriptorLength(ByteView bytes, in Entry e)
    {
        foreach (int signature in (ReadOnlySpan<int>)[4, 0])
        {
            long at = e.DataEnd + signature;
            if (signature == 4 && !(bytes.Contains(e.DataEnd, 4) && bytes.U32(e.DataEnd) == Descriptor)) continue;
            if (!bytes.Contains(at, 12) || bytes.U32(at) != e.Crc) continue;
            if (bytes.Contains(at, 20) && bytes.I64(at + 4) == e.Compressed && bytes.I64(at + 12) == e.Unpacked) return signature + 20;
            if (bytes.U32(at + 4) == (uint)e.Compressed && bytes.U32(at + 8) == (uint)e.Unpacked) return signature + 12;
        }
        return 0;
    }

    private static void ClaimDirectory(in MapScope scope, in Directory directory, int parent)
    {
        ByteView bytes = scope.Bytes;
        // APK Signature Scheme v2: size, pairs, size again, magic, right before the central directory.
        long magic = directory.Start - 16;
        if (magic >= 16 && bytes.Matches(magic, "APK Sig Block 42"u8))
        {
            long size = bytes.I64(magic - 8), start = directory.Start - 8 - size;
            if (size >= 24 && start >= 0 && size < directory.Start && bytes.I64(start) == size) scope.Claim(start, size + 8, PartKind.Block, ContentKind.Signature, "APK signing block", parent);
            else scope.Warn(MapWarningCodes.Damaged, "the APK signing block's two sizes differ");
        }
        long end = directory.Zip64Start > 0 ? directory.Zip64Start : directory.End;
        long length = directory.Length > 0 ? directory.Length : end - directory.Start;
        scope.Claim(directory.Start, length, PartKind.Header, ContentKind.Format, "central directory", parent);
        int record = scope.Map.AddPart(parent, PartKind.Header, ContentKind.Format, scope.Names.Intern("end of central directory"));
        if (directory.Zip64Start > 0)
        {
            scope.Extend(directory.Zip64Start, directory.Zip64Length, record);
            scope.Extend(directory.LocatorStart, LocatorLength, record);
        }
        scope.Extend(directory.End, EndLength, record);
        if (directory.CommentLength > 0) scope.Claim(directory.End + EndLength, directory.CommentLength, PartKind.Header, ContentKind.Format, "archive comment", parent);
        long trailer = directory.End + EndLength + directory.CommentLength;
        if (trailer < bytes.Length) scope.Claim(trailer, bytes.Length - trailer, PartKind.Overlay, ContentKind.Other, "data after the archive", parent);
    }

    private static void LookInside(in MapScope scope, ReadOnlySpan<Entry> entries, FileRange[] ranges)
    {
        bool told = false;
        foreach (FileRange range in ranges)
        {
            // Bytes that several entries claim would be read again and again, without end when they contain themselves.
            if (range.Item >= entries.Length || range.Overlaps || range.End <= range.Start) continue;
            ref readonly Entry e = ref entries[range.Item];
            if (e.Part < 0 || (e.Flags & Encrypted) != 0 || e.DataEnd - e.Data != e.Compressed) continue;
            switch (e.Method)
            {
                case Stored:
                    ContainedFile.ReadStored(scope, e.Data, e.Compressed, e.Part);
                    break;
                case Deflated:
                    ContainedFile.ReadDeflated(scope, e.Data, e.Compressed, e.Unpacked, e.Part, e.Name);
                    break;
                default:
                    if (!told) scope.Warn(MapWarningCodes.Unknown, $"'{scope.Names.Text(e.Name)}' is compressed with method {e.Method}, which is not unpacked; it and others like it are measured as a whole");
                    told = true;
                    break;
            }
        }
    }

    /// <summary>What can be told without a directory: one entry after another, for as long as their headers know their length.</summary>
    private static void Salvage(in MapScope scope)
    {
        ByteView bytes = scope.Bytes;
        var names = new EntryNames(scope.Names);
        int headers = scope.Map.AddPart(scope.Part, PartKind.Header, ContentKind.Format, scope.Names.Intern("local headers"));
        for (long at = 0; bytes.Contains(at, LocalLength) && bytes.U32(at) == LocalHeader;)
        {
            int nameLength = bytes.U16(at + 26), extraLength = bytes.U16(at + 28), flags = bytes.U16(at + 6), method = bytes.U16(at + 8);
            var e = new Entry { Compressed = bytes.U32(at + 18), Unpacked = bytes.U32(at + 22) };
            long data = at + LocalLength + nameLength + extraLength;
            if (!bytes.Contains(at, data - at) || (flags & HasDescriptor) != 0) return;
            ReadOnlySpan<byte> name = bytes.Span(at + LocalLength, nameLength), extra = bytes.Span(data - extraLength, extraLength);
            ReadExtra(extra, ref e);
            scope.Extend(at, data - at, headers);
            if (e.Compressed < 0) return;
            if (e.Compressed > 0)
            {
                scope.Claim(data, e.Compressed, PartKind.File, ContentKind.Other, NameOf(names, name, extra, (flags & Utf8Names) != 0, madeBy: 3), unpackedSize: method == Stored ? -1 : e.Unpacked);
            }
            if (e.Compressed > bytes.Length - data) return;
            at = data + e.Compressed;
        }
    }
}
