namespace BinarySize.Formats.Archives;

/// <summary>A range of a container that one of its entries says it takes, in bytes; <paramref name="Item"/> is the caller's.</summary>
internal record struct FileRange(long Start, long End, int Item)
{
    /// <summary>Set where it and another range claim the same bytes.</summary>
    public bool Overlaps { get; set; }
}

/// <summary>Puts the ranges of a directory, which may lie, into the order of the file.</summary>
internal static class RangeLayout
{
    /// <summary>
    /// Sorts by start (ties in the order given), and ends each range where the next one starts: of two that overlap the
    /// earlier one is taken to lie about its length, so that one wrong length costs no other entry its bytes.
    /// </summary>
    /// <param name="ranges">The ranges; changed in place.</param>
    /// <param name="overlap">Told of each pair that overlaps: the one that reaches too far, the one it reaches into.</param>
    public static void Arrange(Span<FileRange> ranges, Action<FileRange, FileRange> overlap)
    {
        ranges.Sort(static (a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.Item.CompareTo(b.Item));
        // The range that reaches furthest so far: every later one that starts before its end lies in it.
        int furthest = -1;
        long reach = long.MinValue;
        for (int i = 0; i < ranges.Length; i++)
        {
            ref FileRange range = ref ranges[i];
            if (range.End <= range.Start) continue;
            if (range.Start < reach)
            {
                ranges[furthest].Overlaps = true;
                range.Overlaps = true;
                overlap(ranges[furthest], range);
            }
            if (range.End > reach)
            {
                reach = range.End;
                furthest = i;
            }
        }
        long next = long.MaxValue;
        for (int i = ranges.Length - 1; i >= 0; i--)
        {
            ref FileRange range = ref ranges[i];
            if (range.End <= range.Start) continue;
            if (range.End > next) range.End = next;
            next = range.Start;
        }
    }
}
