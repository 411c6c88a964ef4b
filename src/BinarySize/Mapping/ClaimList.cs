using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using BinarySize.IO;

namespace BinarySize.Mapping;

/// <summary>A resolved run of bytes: disjoint from all others.</summary>
internal readonly record struct Run(long Start, long End, int Id, ContentKind Content, Basis Basis);

/// <summary>
/// Claims on ranges of one file, of which at most one can win a byte: the highest rank, then the earliest. Readers claim
/// table by table, each in rising order, so the claims are a few sorted runs that only need to be merged.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Building the map frees it; a builder that is given up goes with its finalizers.")]
internal sealed class ClaimList
{
    // With more runs than this a radix sort is cheaper than a merge.
    private const int MaxMergedRuns = 512;

    // A longer claim is stored in pieces: nothing can tell the difference.
    private const long MaxLength = 1L << 31;

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private readonly record struct Claim(long Start, uint Length, int Id, byte Rank, ContentKind Content, Basis Basis)
    {
        public long End => Start + Length;
    }

    /// <summary>A claim that has been reached, with its place in the order of claiming.</summary>
    private readonly record struct Open(Claim Claim, int Index)
    {
        public bool Beats(in Open other) =>
            Claim.Rank != other.Claim.Rank ? Claim.Rank > other.Claim.Rank : Index < other.Index;
    }

    /// <summary>What is left of a sorted run.</summary>
    private record struct Cursor(long Start, int Index, int End);

    private readonly NativeChunks<Claim> _claims = new();
    private readonly List<int> _runs = [];
    private long _lastEnd = long.MaxValue;

    public void Add(long start, long length, long size, int id, byte rank, ContentKind content, Basis basis)
    {
        if (start < 0 || length <= 0 || start >= size) return;
        if (length > size - start) length = size - start;
        for (; length > MaxLength; start += MaxLength, length -= MaxLength) Add(new Claim(start, (uint)MaxLength, id, rank, content, basis));
        Add(new Claim(start, (uint)length, id, rank, content, basis));
    }

    private void Add(in Claim claim)
    {
        if (claim.Start == _lastEnd)
        {
            // Goes on where the last one ends: as one claim nothing is different, and tables are full of them.
            ref Claim last = ref _claims[_claims.Count - 1];
            if (last.Id == claim.Id && last.Rank == claim.Rank && last.Content == claim.Content && last.Basis == claim.Basis && last.Length + (long)claim.Length <= MaxLength)
            {
                last = last with { Length = last.Length + claim.Length };
                _lastEnd = claim.End;
                return;
            }
        }
        if (claim.Start < _lastEnd) _runs.Add(_claims.Count);
        _lastEnd = claim.End;
        _claims.Add(claim);
    }

    /// <summary>The winners, in rising order and disjoint; ranges that nobody claims are left out. Uses the list up.</summary>
    public Sweep Resolve() => new(this);

    /// <summary>One pass over the claims by their start.</summary>
    internal sealed class Sweep : IDisposable
    {
        private readonly NativeChunks<Claim> _claims;
        private readonly int[] _left;
        private readonly NativeList<Cursor> _cursors = new();
        private readonly NativeList<Open> _open = new();
        private readonly NativeChunks<Keyed>? _sorted;
        private int _sortedNext;
        private bool _hasHead;
        private Open _head;
        private long _position;

        public Sweep(ClaimList list)
        {
            _claims = list._claims;
            _left = new int[_claims.Blocks];
            for (int i = 0; i < _left.Length; i++) _left[i] = _claims.Block(i).Length;
            if (list._runs.Count > MaxMergedRuns)
            {
                _sorted = new NativeChunks<Keyed>();
                for (int i = 0; i < _claims.Count; i++) _sorted.Add(new Keyed((ulong)_claims[i].Start, i));
                RadixSort.Sort(_sorted);
            }
            else
            {
                for (int i = 0; i < list._runs.Count; i++)
                {
                    int from = list._runs[i];
                    Up(new Cursor(_claims[from].Start, from, i + 1 < list._runs.Count ? list._runs[i + 1] : _claims.Count));
                }
            }
            Advance();
        }

        /// <summary>The next run; false after the last one.</summary>
        public bool TryNext(out Run run)
        {
            while (true)
            {
                while (_open.Count > 0 && _open[0].Claim.End <= _position) Pop();
                if (_open.Count == 0)
                {
                    if (!_hasHead)
                    {
                        run = default;
                        return false;
                    }
                    Open first = _head;
                    Advance();
                    _position = Math.Max(_position, first.Claim.Start);
                    if (first.Claim.End <= _position) continue;
                    if (!_hasHead || _head.Claim.Start >= first.Claim.End)
                    {
                        run = Emit(first, first.Claim.End);
                        return true;
                    }
                    Push(first);
                }
                while (_hasHead && _head.Claim.Start <= _position)
                {
                    if (_head.Claim.End > _position) Push(_head);
                    Advance();
                }

                // Of all claims that reach over this point the first of the heap holds until it ends, or until one that beats it starts.
                Open winner = _open[0];
                long end = winner.Claim.End;
                while (_hasHead && _head.Claim.Start < end)
                {
                    if (_head.Beats(winner)) end = _head.Claim.Start;
                    else
                    {
                        if (_head.Claim.End > end) Push(_head);
                        Advance();
                    }
                }
                run = Emit(winner, end);
                return true;
            }
        }

        public void Dispose()
        {
            _cursors.Dispose();
            _open.Dispose();
            _sorted?.Dispose();
            _claims.Dispose();
        }

        private Run Emit(in Open winner, long end)
        {
            long start = _position;
            _position = end;
            return new Run(start, end, winner.Claim.Id, winner.Claim.Content, winner.Claim.Basis);
        }

        private void Advance()
        {
            int index;
            if (_sorted is not null)
            {
                _hasHead = _sortedNext < _sorted.Count;
                if (!_hasHead) return;
                index = _sorted[_sortedNext++].Value;
            }
            else
            {
                _hasHead = _cursors.Count > 0;
                if (!_hasHead) return;
                index = _cursors[0].Index;
            }
            _head = new Open(_claims[index], index);
            if (_sorted is null)
            {
                ref Cursor first = ref _cursors[0];
                if (++first.Index < first.End) first.Start = _claims[first.Index].Start;
                else
                {
                    first = _cursors[_cursors.Count - 1];
                    _cursors.Resize(_cursors.Count - 1);
                }
                Down();
            }

            // Memory goes back as the map grows.
            int block = index / NativeChunks<Claim>.BlockLength;
            if (--_left[block] == 0) _claims.Free(block);
        }

        // Of claims with one start the earlier one comes first: that is the one whose run began earlier.
        private static bool Before(in Cursor a, in Cursor b) => a.Start != b.Start ? a.Start < b.Start : a.Index < b.Index;

        private void Up(in Cursor cursor)
        {
            _cursors.Add(cursor);
            int i = _cursors.Count - 1;
            for (; i > 0 && Before(cursor, _cursors[(i - 1) / 2]); i = (i - 1) / 2) _cursors[i] = _cursors[(i - 1) / 2];
            _cursors[i] = cursor;
        }

        private void Down()
        {
            Span<Cursor> heap = _cursors.Span;
            if (heap.Length < 2) return;
            Cursor moved = heap[0];
            int i = 0;
            while (true)
            {
                int child = 2 * i + 1;
                if (child >= heap.Length) break;
                if (child + 1 < heap.Length && Before(heap[child + 1], heap[child])) child++;
                if (!Before(heap[child], moved)) break;
                heap[i] = heap[child];
                i = child;
            }
            heap[i] = moved;
        }

        private void Push(in Open claim)
        {
            Open pushed = claim;
            _open.Add(pushed);
            int i = _open.Count - 1;
            for (; i > 0 && pushed.Beats(_open[(i - 1) / 2]); i = (i - 1) / 2) _open[i] = _open[(i - 1) / 2];
            _open[i] = pushed;
        }

        private void Pop()
        {
            Open moved = _open[_open.Count - 1];
            _open.Resize(_open.Count - 1);
            Span<Open> heap = _open.Span;
            if (heap.IsEmpty) return;
            int i = 0;
            while (true)
            {
                int child = 2 * i + 1;
                if (child >= heap.Length) break;
                if (child + 1 < heap.Length && heap[child + 1].Beats(heap[child])) child++;
                if (!heap[child].Beats(moved)) break;
                heap[i] = heap[child];
                i = child;
            }
            heap[i] = moved;
        }
    }
}
