using System.Runtime.InteropServices;

namespace BinarySize.Mapping;

/// <summary>A resolved run of bytes: disjoint from all others.</summary>
internal readonly record struct Run(long Start, long End, int Id, ContentKind Content, Basis Basis);

/// <summary>Claims on ranges of one file, of which at most one can win a byte.</summary>
internal sealed class ClaimList
{
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private readonly record struct Claim(long Start, long End, int Id, byte Rank, ContentKind Content, Basis Basis);

    private readonly List<Claim> _claims = [];
    private bool _ordered = true;
    private long _lastEnd;

    public void Add(long start, long length, long size, int id, byte rank, ContentKind content, Basis basis)
    {
        if (start < 0 || length <= 0 || start >= size) return;
        long end = length > size - start ? size : start + length;
        if (start < _lastEnd) _ordered = false;
        _lastEnd = Math.Max(_lastEnd, end);
        _claims.Add(new Claim(start, end, id, rank, content, basis));
    }

    /// <summary>The winners, sorted and disjoint; ranges that nobody claims are left out.</summary>
    public List<Run> Resolve()
    {
        ReadOnlySpan<Claim> claims = CollectionsMarshal.AsSpan(_claims);
        var runs = new List<Run>(claims.Length);
        if (_ordered)
        {
            foreach (ref readonly Claim c in claims) runs.Add(new Run(c.Start, c.End, c.Id, c.Content, c.Basis));
            return runs;
        }

        // Sorted by start, ties in the order of claiming: the index is the low key.
        var starts = new long[claims.Length];
        var order = new int[claims.Length];
        for (int i = 0; i < claims.Length; i++)
        {
            starts[i] = claims[i].Start;
            order[i] = i;
        }
        Array.Sort(starts, order);
        for (int i = 0; i < order.Length;)
        {
            int j = i + 1;
            while (j < order.Length && starts[j] == starts[i]) j++;
            if (j - i > 1) Array.Sort(order, i, j - i);
            i = j;
        }

        // A sweep: of all claims that reach over the current point the highest rank wins, then the earliest.
        var open = new PriorityQueue<int, (int Rank, int Order)>();
        long position = 0;
        int next = 0;
        while (next < order.Length || open.Count > 0)
        {
            while (open.Count > 0 && claims[open.Peek()].End <= position) open.Dequeue();
            if (open.Count == 0)
            {
                if (next >= order.Length) break;
                position = Math.Max(position, starts[next]);
            }
            while (next < order.Length && starts[next] <= position)
            {
                int index = order[next++];
                if (claims[index].End > position) open.Enqueue(index, (-claims[index].Rank, index));
            }
            if (open.Count == 0) continue;
            ref readonly Claim winner = ref claims[open.Peek()];
            long end = winner.End;
            // It holds until it ends, or until one that beats it starts.
            int winnerIndex = open.Peek();
            while (next < order.Length && starts[next] < end)
            {
                int index = order[next];
                if (claims[index].Rank > winner.Rank || (claims[index].Rank == winner.Rank && index < winnerIndex))
                {
                    end = starts[next];
                    break;
                }
                if (claims[index].End > winner.End) open.Enqueue(index, (-claims[index].Rank, index));
                next++;
            }
            if (end > position)
            {
                if (runs.Count > 0 && runs[^1] is var last && last.End == position && last.Id == winner.Id && last.Content == winner.Content && last.Basis == winner.Basis)
                {
                    runs[^1] = last with { End = end };
                }
                else runs.Add(new Run(position, end, winner.Id, winner.Content, winner.Basis));
            }
            position = end;
        }
        return runs;
    }
}
