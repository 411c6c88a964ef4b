using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace BinarySize.IO;

/// <summary>
/// A bounds-checked window over unmanaged, read-only bytes (a mapped file or a native copy). Offsets and lengths are
/// bytes, 64 bits wide, relative to the window. Every read outside it throws <see cref="BadFormatException"/>.
/// A view is valid as long as the <see cref="FileView"/> that it came from is not disposed.
/// </summary>
public readonly unsafe struct ByteView
{
    private readonly byte* _start;

    internal ByteView(byte* start, long length)
    {
        _start = start;
        Length = length;
    }

    /// <summary>Bytes in this window.</summary>
    public long Length { get; }

    /// <summary>True where <paramref name="offset"/> and <paramref name="length"/> describe bytes inside this window.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(long offset, long length) => (ulong)offset <= (ulong)Length && (ulong)length <= (ulong)(Length - offset);

    /// <summary>The window of <paramref name="length"/> bytes at <paramref name="offset"/>.</summary>
    public ByteView Slice(long offset, long length)
    {
        Check(offset, length);
        return new ByteView(_start + offset, length);
    }

    /// <summary>The window from <paramref name="offset"/> to the end.</summary>
    public ByteView Slice(long offset) => Slice(offset, Length - offset);

    /// <summary>The window clipped to what really is there; empty when it lies outside altogether.</summary>
    public ByteView Clip(long offset, long length)
    {
        if (offset < 0 || offset >= Length || length <= 0) return default;
        return new ByteView(_start + offset, Math.Min(length, Length - offset));
    }

    /// <summary>A span over <paramref name="length"/> bytes at <paramref name="offset"/>; no copy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Span(long offset, int length)
    {
        Check(offset, length);
        return new ReadOnlySpan<byte>(_start + offset, length);
    }

    /// <summary>The whole window as a span. Throws when it is larger than 2 GiB.</summary>
    public ReadOnlySpan<byte> Span() => Length <= int.MaxValue
        ? new ReadOnlySpan<byte>(_start, (int)Length)
        : throw new BadFormatException($"a part of {Length} bytes is too large to be read at once");

    /// <summary><paramref name="count"/> structures of type <typeparamref name="T"/>, little-endian as they lie there; no copy.</summary>
    public ReadOnlySpan<T> Structs<T>(long offset, long count) where T : unmanaged
    {
        if (count < 0 || count > int.MaxValue / sizeof(T)) throw new BadFormatException($"a table of {count} entries is too large");
        Check(offset, count * sizeof(T));
        return new ReadOnlySpan<T>(_start + offset, (int)count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte U8(long offset)
    {
        Check(offset, 1);
        return _start[offset];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ushort U16(long offset, bool bigEndian = false)
    {
        Check(offset, 2);
        ushort v = Unsafe.ReadUnaligned<ushort>(_start + offset);
        return bigEndian ? BinaryPrimitives.ReverseEndianness(v) : v;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint U32(long offset, bool bigEndian = false)
    {
        Check(offset, 4);
        uint v = Unsafe.ReadUnaligned<uint>(_start + offset);
        return bigEndian ? BinaryPrimitives.ReverseEndianness(v) : v;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong U64(long offset, bool bigEndian = false)
    {
        Check(offset, 8);
        ulong v = Unsafe.ReadUnaligned<ulong>(_start + offset);
        return bigEndian ? BinaryPrimitives.ReverseEndianness(v) : v;
    }

    /// <summary>A signed 32-bit number.</summary>
    public int I32(long offset, bool bigEndian = false) => (int)U32(offset, bigEndian);

    /// <summary>A signed 64-bit number. Counts and offsets that do not fit come out negative and fail the next check.</summary>
    public long I64(long offset, bool bigEndian = false) => (long)U64(offset, bigEndian);

    /// <summary>Says that the bytes at <paramref name="offset"/> will be read soon; nothing where it lies outside. For tables of offsets to all over a large file.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(long offset)
    {
        if (Sse.IsSupported && (ulong)offset < (ulong)Length) Sse.Prefetch0(_start + offset);
    }

    /// <summary>The bytes from <paramref name="offset"/> up to a NUL or the end of the window.</summary>
    public ReadOnlySpan<byte> CString(long offset)
    {
        Check(offset, 0);
        var rest = new ReadOnlySpan<byte>(_start + offset, (int)Math.Min(Length - offset, int.MaxValue));
        int end = rest.IndexOf((byte)0);
        return end < 0 ? rest : rest[..end];
    }

    /// <summary>True where the bytes at <paramref name="offset"/> are <paramref name="expected"/>.</summary>
    public bool Matches(long offset, ReadOnlySpan<byte> expected) =>
        Contains(offset, expected.Length) && Span(offset, expected.Length).SequenceEqual(expected);

    /// <summary>True where all of <paramref name="length"/> bytes at <paramref name="offset"/> have one value.</summary>
    public bool IsFilledWith(long offset, long length, byte value)
    {
        Check(offset, length);
        while (length > 0)
        {
            int n = (int)Math.Min(length, 1 << 20);
            if (new ReadOnlySpan<byte>(_start + offset, n).ContainsAnyExcept(value)) return false;
            offset += n;
            length -= n;
        }
        return true;
    }

    /// <summary>Where <paramref name="pattern"/> first stands at or after <paramref name="from"/>; -1 where it does not.</summary>
    public long IndexOf(ReadOnlySpan<byte> pattern, long from = 0)
    {
        while (Contains(from, pattern.Length))
        {
            int n = (int)Math.Min(Length - from, 1 << 30);
            int at = new ReadOnlySpan<byte>(_start + from, n).IndexOf(pattern);
            if (at >= 0) return from + at;
            if (n == Length - from) return -1;
            from += n - pattern.Length + 1;
        }
        return -1;
    }

    /// <summary>A stream over the window, for decompressors.</summary>
    public Stream AsStream() => new UnmanagedMemoryStream(_start, Length);

    internal byte* Pointer => _start;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Check(long offset, long length)
    {
        if (!Contains(offset, length)) Throw(offset, length);
    }

    private void Throw(long offset, long length) =>
        throw new BadFormatException($"{length} bytes at offset {offset} lie outside the {Length} bytes that are there");
}
