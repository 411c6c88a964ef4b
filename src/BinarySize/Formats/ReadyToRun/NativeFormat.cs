using BinarySize.IO;

namespace BinarySize.Formats.ReadyToRun;

/// <summary>
/// The variable-length numbers of ReadyToRun's sparse arrays and hash tables (readytorun-format, "Native format
/// encoding"): as many low one-bits in the first byte as bytes follow.
/// </summary>
internal static class NativeFormat
{
    public static uint Unsigned(ByteView bytes, ref long at)
    {
        uint first = bytes.U8(at);
        uint value;
        int length;
        if ((first & 1) == 0) (value, length) = (first >> 1, 1);
        else if ((first & 2) == 0) (value, length) = (first >> 2 | (uint)bytes.U8(at + 1) << 6, 2);
        else if ((first & 4) == 0) (value, length) = (first >> 3 | (uint)bytes.U16(at + 1) << 5, 3);
        else if ((first & 8) == 0) (value, length) = (first >> 4 | (uint)bytes.U16(at + 1) << 4 | (uint)bytes.U8(at + 3) << 20, 4);
        else if ((first & 16) == 0) (value, length) = (bytes.U32(at + 1), 5);
        else throw new BadFormatException($"a number at offset {at} has an unknown form");
        at += length;
        return value;
    }

    public static int Signed(ByteView bytes, ref long at)
    {
        uint first = bytes.U8(at);
        int bits = (first & 1) == 0 ? 7 : (first & 2) == 0 ? 14 : (first & 4) == 0 ? 21 : (first & 8) == 0 ? 28 : 32;
        int shift = 32 - bits;
        return (int)(Unsigned(bytes, ref at) << shift) >> shift;
    }
}

/// <summary>A sparse array: blocks of 16 elements, each a binary tree of those that are there.</summary>
internal readonly struct NativeArray
{
    private const uint BlockSize = 16;

    private readonly ByteView _bytes;
    private readonly long _base;
    private readonly int _indexSize;

    public NativeArray(ByteView bytes, long at)
    {
        _bytes = bytes;
        uint header = NativeFormat.Unsigned(bytes, ref at);
        Count = header >> 2;
        _indexSize = (header & 3) switch { 0 => 1, 1 => 2, _ => 4 };
        _base = at;
    }

    public uint Count { get; }

    /// <summary>Where the element's own bytes start; false where it is not there.</summary>
    public bool TryGet(uint index, out long offset)
    {
        offset = 0;
        if (index >= Count) return false;
        long entry = _base + (long)(index / BlockSize) * _indexSize;
        long at = _base + (_indexSize == 1 ? _bytes.U8(entry) : _indexSize == 2 ? _bytes.U16(entry) : _bytes.U32(entry));
        for (uint bit = BlockSize >> 1; bit > 0; bit >>= 1)
        {
            long next = at;
            uint node = NativeFormat.Unsigned(_bytes, ref next);
            // Bit 0: there is a left branch, right behind; bit 1: a right one, so many bytes on.
            if ((index & bit) != 0 && (node & 2) != 0) at += node >> 2;
            else if ((index & bit) == 0 && (node & 1) != 0) at = next;
            else
            {
                // A node without branches is the one element of its tree.
                if ((node & 3) != 0 || node >> 2 != (index & (BlockSize - 1))) return false;
                at = next;
                break;
            }
        }
        offset = at;
        return true;
    }
}

/// <summary>Numbers in groups of three bits, low nibble first; the fourth bit says that more follow.</summary>
internal ref struct NibbleReader(ByteView bytes, long at)
{
    private readonly ByteView _bytes = bytes;
    private long _nibble = at * 2;

    /// <summary>Offset of the first byte that was not touched.</summary>
    public readonly long NextByte => (_nibble + 1) / 2;

    public uint Next()
    {
        uint value = 0;
        for (int i = 0; i < 11; i++)
        {
            int b = _bytes.U8(_nibble >> 1);
            uint nibble = (uint)((_nibble & 1) == 0 ? b & 15 : b >> 4);
            _nibble++;
            value = (value << 3) | (nibble & 7);
            if ((nibble & 8) == 0) return value;
        }
        throw new BadFormatException($"a number at offset {_nibble >> 1} does not end");
    }
}
