using BinarySize.Mapping;

namespace BinarySize.Formats.Archives;

/// <summary>
/// Which files of an image's layers a later layer hides: the same path, a whiteout of it or of a folder above it, an
/// opaque folder above it (OCI Image Layer Specification, "Whiteouts"), or a file where a folder was.
/// Layers are added from the top one down.
/// </summary>
internal sealed class LayerHistory : IDisposable
{
    // Half a million files in folders ten deep stay below.
    private const int MostNodes = 4_000_000, MostSteps = 5_000_000;

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

    private int _steps;

    /// <summary>True where paths became too many to be followed: some hidden files then pass for visible ones.</summary>
    public bool LimitReached { get; private set; }

    /// <summary>Adds the next lower layer; says of each of its entries whether a layer above hides it.</summary>
    public bool[] Add(TarDirectory layer)
    {
        ReadOnlySpan<TarEntry> entries = layer.Entries;
        var hidden = new bool[entries.Length];
        _pending.Clear();
        for (int i = 0; i < entries.Length && !LimitReached; i++)
        {
            ref readonly TarEntry e = ref entries[i];
            ReadOnlySpan<byte> path = ImageArchive.TrimDot(layer.Name(e)).Trim((byte)'/');
            ReadOnlySpan<byte> last = path[(path.LastIndexOf((byte)'/') + 1)..], folder = path[..^last.Length];
            if (last.SequenceEqual(".wh..wh..opq"u8)) Note(Walk(folder, default, out _), Mark.Opaque);
            else if (last.StartsWith(".wh."u8)) Note(Walk(folder, last[4..], out _), Mark.Removed);
            else Note(Walk(folder, last, out hidden[i]), e.IsFolder ? Mark.Present : Mark.Present | Mark.Removed);
        }
        // A layer hides what is below it, not its own files.
        foreach ((int node, Mark mark) in _pending) _marks[node] |= mark;
        return hidden;
    }

    public void Dispose() => _segments.Dispose();

    private void Note(int node, Mark mark)
    {
        if (node >= 0) _pending.Add((node, mark));
    }

    /// <summary>The node of a path; -1 where there is no room for it. Says whether a layer above hides the path.</summary>
    private int Walk(ReadOnlySpan<byte> folder, ReadOnlySpan<byte> last, out bool hidden)
    {
        hidden = false;
        int node = 0;
        while (!folder.IsEmpty)
        {
            node = Child(node, Next(ref folder));
            if (node < 0) return node;
            // Removed or opaque: what is below is gone.
            hidden |= (_marks[node] & (Mark.Removed | Mark.Opaque)) != 0;
        }
        hidden |= (_marks[0] & Mark.Opaque) != 0;
        if (last.IsEmpty) return node;
        node = Child(node, _segments.Intern(last));
        if (node >= 0) hidden |= (_marks[node] & (Mark.Removed | Mark.Present)) != 0;
        return node;
    }

    private int Child(int parent, int segment)
    {
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
        if (++_steps > MostSteps) LimitReached = true;
        int slash = path.IndexOf((byte)'/');
        int segment = _segments.Intern(slash < 0 ? path : path[..slash]);
        path = slash < 0 ? default : path[(slash + 1)..].TrimStart((byte)'/');
        return segment;
    }
}
