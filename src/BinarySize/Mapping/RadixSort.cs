using BinarySize.IO;

namespace BinarySize.Mapping;

/// <summary>A key to sort by, and what it stands for.</summary>
internal readonly record struct Keyed(ulong Key, int Value);

/// <summary>Sorts offsets in time linear in their number.</summary>
internal static class RadixSort
{
    private const int Bits = 11;

    /// <summary>Sorts by <see cref="Keyed.Key"/>; equal keys keep their order.</summary>
    public static void Sort(NativeChunks<Keyed> items)
    {
        ulong all = 0, last = 0;
        bool sorted = true;
        for (int block = 0; block < items.Blocks; block++)
        {
            foreach (ref readonly Keyed item in items.Block(block))
            {
                sorted &= item.Key >= last;
                last = item.Key;
                all |= item.Key;
            }
        }
        if (sorted) return;
        using var other = new NativeChunks<Keyed>();
        other.Resize(items.Count);
        NativeChunks<Keyed> from = items, to = other;
        Span<int> counts = stackalloc int[1 << Bits];
        for (int shift = 0; shift < 64 && all >> shift != 0; shift += Bits)
        {
            counts.Clear();
            for (int block = 0; block < from.Blocks; block++)
            {
                foreach (ref readonly Keyed item in from.Block(block)) counts[(int)(item.Key >> shift) & ((1 << Bits) - 1)]++;
            }
            int sum = 0;
            foreach (ref int count in counts)
            {
                int n = count;
                count = sum;
                sum += n;
            }
            for (int block = 0; block < from.Blocks; block++)
            {
                foreach (ref readonly Keyed item in from.Block(block)) to[counts[(int)(item.Key >> shift) & ((1 << Bits) - 1)]++] = item;
            }
            (from, to) = (to, from);
        }
        if (from == items) return;
        for (int block = 0; block < from.Blocks; block++) from.Block(block).CopyTo(items.Block(block));
    }
}
