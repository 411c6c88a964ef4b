using System.Buffers.Text;
using System.Runtime.InteropServices;

namespace BinarySize.Formats.Archives;

/// <summary>One entry of a tar archive. Offsets are bytes in the unpacked archive.</summary>
/// <param name="Header">Where its headers start, those that only extend it (pax, GNU long names) included.</param>
/// <param name="Data">Where its data start.</param>
/// <param name="Stored">Bytes of its data that are there.</param>
/// <param name="Size">Bytes of the file; more than <paramref name="Stored"/> where it is sparse.</param>
/// <param name="Type">The type flag: '0' a file, '1' a hard link, '2' a symbolic link, '5' a folder.</param>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct TarEntry(long Header, long Data, long Stored, long Size, int NameStart, int NameLength, byte Type)
{
    public bool IsFile => Type is (byte)'0' or 0 or (byte)'7' or (byte)'S';

    public bool IsFolder => Type == (byte)'5';
}

/// <summary>
/// The entries of a tar archive (POSIX.1-2017 pax interchange format, ustar; GNU tar's extensions), read from a stream
/// in one pass: only headers are looked at, so that a compressed archive need not be unpacked as a whole.
/// </summary>
internal sealed class TarDirectory
{
    private const int Block = 512;
    private const int LongestMetadata = 1 << 20, LongestName = 1 << 16;

    /// <summary>Most entries of one archive; more is measured as a whole.</summary>
    public const int MostEntries = 2_000_000;

    private readonly List<TarEntry> _entries = [];
    private byte[] _names = new byte[1024];
    private int _namesLength;

    private TarDirectory()
    {
    }

    public ReadOnlySpan<TarEntry> Entries => CollectionsMarshal.AsSpan(_entries);

    /// <summary>Where the end of the archive is marked; its length where no mark is there.</summary>
    public long End { get; private set; }

    /// <summary>Bytes of the unpacked archive, with what follows the mark.</summary>
    public long Length { get; private set; }

    /// <summary>What is wrong with it; null where it could be read to its end.</summary>
    public string? Problem { get; private set; }

    /// <summary>True where <see cref="Problem"/> is a limit of ours, and the archive may be in order.</summary>
    public bool LimitReached { get; private set; }

    public ReadOnlySpan<byte> Name(in TarEntry entry) => _names.AsSpan(entry.NameStart, entry.NameLength);

    /// <summary>Reads all headers of <paramref name="stream"/>, which may unpack to <paramref name="limit"/> bytes at most.</summary>
    /// <exception cref="InvalidDataException">The stream is a decompressor, and what it reads is damaged.</exception>
    public static TarDirectory Read(Stream stream, long limit)
    {
        var directory = new TarDirectory();
        directory.Walk(new Source(stream, limit));
        return directory;
    }

    /// <summary>A stream that counts, and skips as cheaply as it can.</summary>
    private sealed class Source(Stream stream, long limit)
    {
        private readonly byte[] _scratch = new byte[stream.CanSeek ? 0 : 1 << 16];

        public long Position { get; private set; }

        public bool Exhausted => Position > limit;

        public int Read(Span<byte> target)
        {
            int read = stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
            Position += read;
            return read;
        }

        /// <summary>Skips up to <paramref name="count"/> bytes; returns how many there were.</summary>
        public long Skip(long count)
        {
            long done = 0;
            if (stream.CanSeek)
            {
                done = Math.Min(count, stream.Length - stream.Position);
                stream.Position += done;
                Position += done;
                return done;
            }
            while (done < count && !Exhausted)
            {
                int read = stream.Read(_scratch, 0, (int)Math.Min(count - done, _scratch.Length));
                if (read == 0) break;
                done += read;
                Position += read;
            }
            return done;
        }
    }

    private void Walk(Source source)
    {
        Span<byte> block = stackalloc byte[Block];
        byte[]? longName = null, paxName = null;
        long paxSize = -1, sparseSize = -1, start = -1, end = -1;
        while (true)
        {
            long at = source.Position;
            int read = source.Read(block);
            if (read == 0) break;
            if (read < Block)
            {
                if (block[..read].ContainsAnyExcept((byte)0)) Problem = $"it is cut off in a header at offset {at}";
                break;
            }
            if (!block.ContainsAnyExcept((byte)0))
            {
                end = at;
                break;
            }
            if (!HasChecksum(block))
            {
                Problem = $"the header at offset {at} has a wrong checksum";
                end = at;
                break;
            }
            if (start < 0) start = at;
            byte type = block[156];
            if (!TryNumber(block.Slice(124, 12), out long size) || size < 0)
            {
                Problem = $"the header at offset {at} has no valid size";
                end = at;
                break;
            }
            if (type is (byte)'x' or (byte)'g' or (byte)'L' or (byte)'K')
            {
                byte[] data = size <= LongestMetadata ? new byte[size] : [];
                long there = data.Length > 0 ? source.Read(data) : 0;
                there += source.Skip(size - there);
                if (there < size) Problem = $"it is cut off in a header at offset {at}";
                source.Skip(Padding(size));
                if (type == 'L') longName = Terminated(data);
                else if (type == 'x') ReadPax(data, ref paxName, ref paxSize, ref sparseSize);
                if (Stop(source)) break;
                continue;
            }

            if (paxSize >= 0) size = paxSize;
            // Links, devices and folders have no data, whatever their size says.
            if (type is >= (byte)'1' and <= (byte)'6') size = 0;
            byte[] name = paxName ?? longName ?? Joined(block);
            if (type == 'S')
            {
                // GNU's old sparse format: the map goes on in further blocks, each of which says whether one follows.
                if (TryNumber(block.Slice(483, 12), out long real) && real >= size) sparseSize = real;
                for (bool more = block[482] != 0; more && source.Read(block) == Block;) more = block[504] != 0;
            }
            long dataStart = source.Position;
            long stored = source.Skip(size);
            Append(name, new TarEntry(start, dataStart, stored, sparseSize >= 0 ? sparseSize : stored, 0, 0, type));
            if (stored < size && !source.Exhausted) Problem = $"it is cut off in its entry {_entries.Count}, at offset {source.Position}";
            source.Skip(Padding(size));
            longName = paxName = null;
            paxSize = sparseSize = start = -1;
            if (Stop(source)) break;
        }
        End = end >= 0 ? end : source.Position;
        if (!LimitReached) source.Skip(long.MaxValue - source.Position);
        Length = source.Position;
        Stop(source);
    }

    private bool Stop(Source source)
    {
        if (source.Exhausted || _entries.Count >= MostEntries)
        {
            LimitReached = true;
            Problem = source.Exhausted ? "it unpacks to more than is read of it" : $"it has more than {MostEntries} entries";
        }
        return Problem is not null;
    }

    private void Append(ReadOnlySpan<byte> name, TarEntry entry)
    {
        if (name.Length > LongestName) name = name[..LongestName];
        // Names of two million entries at their longest would not fit an array: then they have none.
        if (name.Length > Array.MaxLength - _namesLength) name = default;
        if (name.Length > _names.Length - _namesLength) Array.Resize(ref _names, (int)Math.Min(Array.MaxLength, Math.Max(_namesLength + (long)name.Length, _names.Length * 2L)));
        name.CopyTo(_names.AsSpan(_namesLength));
        _entries.Add(entry with { NameStart = _namesLength, NameLength = name.Length });
        _namesLength += name.Length;
    }

    private static long Padding(long size) => (Block - size % Block) % Block;

    /// <summary>The sum of the header's bytes, its own field taken as spaces; some old writers summed signed bytes.</summary>
    private static bool HasChecksum(ReadOnlySpan<byte> block)
    {
        if (!TryNumber(block.Slice(148, 8), out long stated)) return false;
        // Eight bytes at a time, in four lanes of 16 bits: 64 steps of at most 510 fit.
        const ulong evenBytes = 0x00FF_00FF_00FF_00FF;
        ulong lanes = 0;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(block)) lanes += (word & evenBytes) + ((word >> 8) & evenBytes);
        long sum = (long)((lanes & 0xFFFF) + ((lanes >> 16) & 0xFFFF) + ((lanes >> 32) & 0xFFFF) + (lanes >> 48));
        int high = 0;
        foreach (byte b in block.Slice(148, 8))
        {
            sum += ' ' - b;
            high -= b >> 7;
        }
        if (stated == sum) return true;
        foreach (byte b in block) high += b >> 7;
        return stated == sum - 256 * high;
    }

    /// <summary>Octal digits between spaces and NULs, or, with the top bit set, a big-endian number (GNU).</summary>
    private static bool TryNumber(ReadOnlySpan<byte> field, out long value)
    {
        value = 0;
        if ((field[0] & 0x80) != 0)
        {
            value = (field[0] & 0x40) != 0 ? -1 : 0;
            value = (value << 6) | (uint)(field[0] & 0x3F);
            for (int i = 1; i < field.Length; i++)
            {
                // More than 63 bits are no size.
                if (value is > long.MaxValue >> 8 or < long.MinValue >> 8) return false;
                value = (value << 8) | field[i];
            }
            return true;
        }
        foreach (byte b in field.TrimStart((byte)' '))
        {
            if (b is 0 or (byte)' ') break;
            if (b is < (byte)'0' or > (byte)'7' || value > long.MaxValue >> 3) return false;
            value = (value << 3) | (uint)(b - '0');
        }
        return true;
    }

    private static byte[] Terminated(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOf((byte)0);
        return (end < 0 ? text : text[..end]).ToArray();
    }

    private static byte[] Joined(ReadOnlySpan<byte> block)
    {
        byte[] name = Terminated(block[..100]);
        // GNU's old format ("ustar  ") keeps other things where POSIX has the prefix.
        if (!block.Slice(257, 6).SequenceEqual("ustar\0"u8) || block[345] == 0) return name;
        return [.. Terminated(block.Slice(345, 155)), (byte)'/', .. name];
    }

    /// <summary>Records of the form "length key=value\n", the length in decimal and of the whole record.</summary>
    private static void ReadPax(ReadOnlySpan<byte> data, ref byte[]? name, ref long size, ref long sparseSize)
    {
        while (Utf8Parser.TryParse(data, out int length, out int digits) && length > digits + 2 && length <= data.Length && data[digits] == ' ')
        {
            ReadOnlySpan<byte> record = data[(digits + 1)..(length - 1)];
            data = data[length..];
            int equals = record.IndexOf((byte)'=');
            if (equals < 0) continue;
            ReadOnlySpan<byte> key = record[..equals], value = record[(equals + 1)..];
            if (key.SequenceEqual("path"u8)) name ??= value.ToArray();
            // The path of a sparse file is made up; this is its name.
            else if (key.SequenceEqual("GNU.sparse.name"u8)) name = value.ToArray();
            else if (key.SequenceEqual("size"u8) && Utf8Parser.TryParse(value, out long stated, out _) && stated >= 0) size = stated;
            else if ((key.SequenceEqual("GNU.sparse.realsize"u8) || key.SequenceEqual("GNU.sparse.size"u8)) && Utf8Parser.TryParse(value, out long real, out _) && real >= 0) sparseSize = real;
        }
    }
}
