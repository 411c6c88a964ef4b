using BinarySize.IO;

namespace BinarySize.Attribution.NativeAot;

/// <summary>An entry of a hashtable of the native format. Positions are bytes into its blob.</summary>
/// <param name="Start">Where the entry stands in its bucket.</param>
/// <param name="End">After it.</param>
/// <param name="Payload">Where what it points at starts.</param>
internal readonly record struct NativeHashEntry(int Start, int End, int Payload);

/// <summary>
/// A hashtable of the native format: a byte with the number of buckets (a power of two, in the high six bits) and the width
/// of their offsets, the offsets, and buckets of entries (a byte of the hash code, and a signed distance to the payload).
/// </summary>
internal static class NativeHashtable
{
    /// <summary>The entries, by bucket. Where buckets start, <paramref name="header"/> bytes have been read.</summary>
    public static List<NativeHashEntry> Read(ByteView blob, out int header)
    {
        byte first = blob.U8(0);
        int shift = first >> 2, width = (first & 3) switch
        {
            0 => 1,
            1 => 2,
            2 => 4,
            _ => throw new BadFormatException("a hashtable's offsets have a width that is not known"),
        };
        long buckets = shift < 31 ? 1L << shift : long.MaxValue / 8;
        if (!blob.Contains(1, (buckets + 1) * width)) throw new BadFormatException("a hashtable's buckets do not fit");
        header = 1 + (int)(buckets + 1) * width;
        var entries = new List<NativeHashEntry>();
        long Bucket(long i) => 1 + (width == 1 ? blob.U8(1 + i) : width == 2 ? blob.U16(1 + i * 2) : blob.U32(1 + i * 4));
        for (long i = 0; i < buckets; i++)
        {
            long at = Bucket(i), end = Math.Min(Bucket(i + 1), blob.Length);
            // Buckets follow each other; what goes back would let a few bytes hold any number of entries.
            if (at < header || (entries.Count > 0 && at < entries[^1].End)) continue;
            while (at < end)
            {
                int start = (int)at, position = start + 1;
                int payload = start + 1 + NativeFormat.Signed(blob, ref position);
                if (!blob.Contains(payload, 1)) throw new BadFormatException("an entry of a hashtable points outside");
                entries.Add(new NativeHashEntry(start, position, payload));
                at = position;
            }
        }
        return entries;
    }
}
