using BinarySize.Mapping;

namespace BinarySize.Formats.Archives;

/// <summary>
/// Which files of an image's layers a later layer hides: the same path, a whiteout of it or of a folder above it, an
/// opaque folder above it (OCI Image Layer Specification, "Whiteouts"), or a file where a folder was.
/// Layers are added from the top one down.
/// </summary>
internal sealed class LayerHistory : IDisposable
{
    private const int MostNodes = 4_000_000;

    [Flags]
    private enum Mark : byte
    {
        None = 0,

        /// <summary>A later layer has this path: what was there is hidden, but not what lies below a folder.</summary>
        Present = 1,

        /// <summary>A later layer removes this path and all that lies below.</summary>
        Removed = 2,

        /// <summary>A later layer removes all that lies below this folder.</summary>
        Opaque = 4,
    }

    // A tree of paths: every segment once, so that long paths cost their length and no more.
    private readonly NameTable _segments = new();
    private readonly Dictionary<(int Parent, int Segment), int> _nodes = [];
    private readonly List<Mark> _marks = [Mark.None];
    private readonly List<(int Node, Mark Mark)> _pending = [];

    /// <summary>True where paths became too many to be followed: some hidden files then pass for visible ones.</summary>
    public bool LimitReached { get; private set; }

    /// <summary>Adds the next lower layer; says of each of its entries whether a layer above hides it.</summary>
    public bool[] Add(TarDirectory layer)
    {
        ReadOnlySpan<TarEntry> entries = layer.Entries;
        var hidden = new bool[entries.Length];
        _pending.Clear();
        for (int i = 0; i < entries.Length; i++)
        {
            ref readonly TarEntry e = ref entries[i];
            ReadOnlySpan<byte> path = ImageArchive.TrimDot(layer.Name(e)).Trim((byte)'/');
            ReadOnlySpan<byte> last = path[(path.LastIndexOf((byte)'/') + 1)..], folder = path[..^last.Length];
            if (last.SequenceEqual(".wh..wh..opq"u8)) Note(folder, default, Mark.Opaque);
            else if (last.StartsWith(".wh."u8)) Note(folder, last[4..], Mark.Removed);
            else
            {
                hidden[i] = IsHidden(path);
                Note(folder, last, e.IsFolder ? Mark.Present : Mark.Present | Mark.Removed);
            }
        }
        // A layer hides what is below it, not its own files.
        foreach ((int node, Mark mark) in _pending) _marks[node] |= mark;
        return hidden;
    }

    public void Dispose() => _segments.Dispose();

    private bool IsHidden(ReadOnlySpan<byte> path)
    {
        int node = 0;
        while (!path.IsEmpty)
        {
            if ((_marks[node] & Mark.Opaque) != 0) return true;
            if (!_nodes.TryGetValue((node, Next(ref path)), out node)) return false;
            if ((_marks[node] & Mark.Removed) != 0) return true;
        }
        return (_marks[node] & Mark.Present) != 0;
    }

    private void Note(ReadOnlySpan<byte> folder, ReadOnlySpan<byte> last, Mark mark)
    {
        int node = 0;
        while (!folder.IsEmpty) node = Child(node, Next(ref folder));
        if (!last.IsEmpty) node = Child(node, _segments.Intern(last));
        if (node >= 0) _pending.Add((node, mark));
    }

    private int Child(int parent, int segment)
    {
        if (parent < 0) return parent;
        if (_nodes.TryGetValue((parent, segment), out int node)) return node;
        if (_marks.Count >= MostNodes)
        {
            LimitReached = true;
            return -1;
        }
        _nodes.Add((parent, segment), node = _marks.Count);
        _marks.Add(Mark.None);
        return node;
    }

    private int Next(ref ReadOnlySpan<byte> path)
    {
        int slash = path.IndexOf((byte)'/');
        int segment = _segments.Intern(slash < 0 ? path : path[..slash]);
        path = slash < 0 ? default : path[(slash + 1)..].TrimStart((byte)'/');
        return segment;
    }
}
