using BinarySize.IO;

namespace BinarySize.Mapping;

/// <summary>A key to sort by, and what it stands for.</summary>
internal readonly record struct Keyed(ulong Key, int Value);

/// <summary>Sorts offsets in time linear in their number.</summary>
internal static class RadixSort
{
    private const int Bits = 11;

    /// <summary>Sorts by <see cref="Keyed.Key"/>; equal keys keep their order.</summary>
    public static void Sort(NativeList<Keyed> items)
    {
        ReadOnlySpan<Keyed> span = items.Span;
        ulong all = 0, last = 0;
        bool sorted = true;
        foreach (ref readonly Keyed item in span)
        {
            sorted &= item.Key >= last;
            last = item.Key;
            all |= item.Key;
        }
        if (sorted) return;
        using var other = new NativeList<Keyed>(span.Length);
        other.Resize(span.Length);
        Span<Keyed> from = items.Span, to = other.Span;
        Span<int> counts = stackalloc int[1 << Bits];
        for (int shift = 0; shift < 64 && all >> shift != 0; shift += Bits)
        {
            counts.Clear();
            foreach (ref readonly Keyed item in from) counts[(int)(item.Key >> shift) & ((1 << Bits) - 1)]++;
            int sum = 0;
            foreach (ref int count in counts)
            {
                int n = count;
                count = sum;
                sum += n;
            }
            foreach (ref readonly Keyed item in from) to[counts[(int)(item.Key >> shift) & ((1 << Bits) - 1)]++] = item;
            Span<Keyed> swap = from;
            from = to;
            to = swap;
        }
        if (from != items.Span) from.CopyTo(items.Span);
    }
}
