using System.Buffers.Text;
using System.IO.Compression;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Retention;

/// <summary>
/// Reads dependency graphs: the NativeAOT compiler's DGML (Directed Graph Markup Language; nodes with Id and Label, links
/// with Source, Target and Reason) and the trimmer's dump (<c>&lt;edge b="reason" e="what" /&gt;</c>), plain or gzipped.
/// They are streamed; memory goes with the number of nodes and edges, not with the size of the file.
/// </summary>
public static class GraphReader
{
    /// <summary>The code of the warning for a graph that cannot be used.</summary>
    public const string NotUsable = "BSZ4015";

    // Unpacked bytes for each packed one: real dumps stay below 40.
    private const long UnpackRatio = 100, UnpackFloor = 64L << 20;

    // A ushort names a reason; real graphs have a few hundred.
    private const int MaxReasons = ushort.MaxValue - 1;

    /// <summary>Reads a graph; null, and a warning, where it is damaged or cut off: half a graph gives wrong answers.</summary>
    /// <param name="path">The file.</param>
    /// <param name="warnings">Where to say what is wrong.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public static DependencyGraph? TryRead(string path, ICollection<MapWarning> warnings)
    {
        ArgumentNullException.ThrowIfNull(path);
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.SequentialScan);
        return TryRead(file, file.Length, Path.GetFileName(path), warnings);
    }

    /// <summary>Reads a graph from a stream.</summary>
    /// <param name="stream">The bytes.</param>
    /// <param name="size">How many they are.</param>
    /// <param name="name">For warnings.</param>
    /// <param name="warnings">Where to say what is wrong.</param>
    public static DependencyGraph? TryRead(Stream stream, long size, string name, ICollection<MapWarning> warnings)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(warnings);
        Span<byte> magic = stackalloc byte[2];
        int got = stream.ReadAtLeast(magic, 2, throwOnEndOfStream: false);
        using Stream whole = new Prefixed(magic[..got].ToArray(), stream);
        using Stream text = got == 2 && magic[0] == 0x1F && magic[1] == 0x8B
            ? new Limited(new GZipStream(whole, CompressionMode.Decompress, leaveOpen: true), Math.Max(UnpackFloor, size > long.MaxValue / UnpackRatio ? long.MaxValue : size * UnpackRatio))
            : whole;
        using var reading = new Reading();
        try
        {
            return reading.Read(text);
        }
        catch (Exception e) when (e is BadFormatException or InvalidDataException)
        {
            warnings.Add(new MapWarning(NotUsable, $"The dependency graph '{name}' is damaged and not used: {e.Message}."));
            return null;
        }
    }

    private sealed class Reading : IDisposable
    {
        private readonly NativeChunks<DependencyGraph.RawEdge> _edges = new();
        private readonly NativeList<int> _nameOf = new();
        private readonly List<int> _roots = [];
        private NameTable? _names = new(), _reasons = new();

        // Compilers number nodes from 0 on; only where one does not is it kept which is which.
        private Dictionary<int, int>? _byId;

        public DependencyGraph Read(Stream stream)
        {
            using var xml = new XmlScanner(stream);
            if (!xml.Read()) throw new BadFormatException("it is empty");
            GraphSource source;
            if (xml.Name.SequenceEqual("DirectedGraph"u8))
            {
                source = GraphSource.Compiler;
                ReadDgml(xml);
            }
            else if (xml.Name.SequenceEqual("dependencies"u8))
            {
                source = GraphSource.Trimmer;
                ReadDump(xml);
            }
            else throw new BadFormatException("it is neither a DGML graph nor a dump of the trimmer");
            if (_nameOf.Count == 0) throw new BadFormatException("it has no nodes");
            bool isConditional = source == GraphSource.Compiler;
            var graph = new DependencyGraph(source, _names!, _reasons!, _nameOf.Span.ToArray(), _edges, isConditional ? Find("Primary"u8) : 0, isConditional ? Find("Secondary"u8) : 0);
            graph.IsFull = HasSecondReasons(graph);
            graph.Roots = source == GraphSource.Compiler ? RootsOf(graph) : _roots;
            // They are the graph's now.
            _names = _reasons = null;
            return graph;
        }

        public void Dispose()
        {
            _edges.Dispose();
            _nameOf.Dispose();
            _names?.Dispose();
            _reasons?.Dispose();
        }

        private void ReadDgml(XmlScanner xml)
        {
            while (xml.Read())
            {
                if (xml.Name.SequenceEqual("Link"u8)) ReadLink(xml);
                else if (xml.Name.SequenceEqual("Node"u8)) ReadNode(xml);
            }
        }

        private void ReadNode(XmlScanner xml)
        {
            int id = -1, label = 0;
            while (xml.NextAttribute(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value))
            {
                if (name.SequenceEqual("Id"u8)) id = Number(value);
                // "(A, B)" repeats the names of two others.
                else if (name.SequenceEqual("Label"u8) && !value.StartsWith("("u8)) label = _names!.Add(value);
            }
            if (id < 0) throw new BadFormatException("a node has no number");
            if (_byId is null && id != _nameOf.Count) _byId = Enumerable.Range(0, _nameOf.Count).ToDictionary(i => i);
            if (_byId?.TryAdd(id, _nameOf.Count) == false) throw new BadFormatException($"two nodes have the number {id}");
            _nameOf.Add(label);
        }

        private void ReadLink(XmlScanner xml)
        {
            int source = -1, target = -1;
            ushort reason = 0;
            while (xml.NextAttribute(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value))
            {
                if (name.SequenceEqual("Source"u8)) source = Node(Number(value));
                else if (name.SequenceEqual("Target"u8)) target = Node(Number(value));
                else if (name.SequenceEqual("Reason"u8)) reason = Reason(value);
            }
            Add(source, target, reason);
        }

        // <edge b="Method:System.Void P::Main()" e="TypeDef:P, app"/>
        private void ReadDump(XmlScanner xml)
        {
            using var nodes = new NativeList<int>();
            while (xml.Read())
            {
                if (!xml.Name.SequenceEqual("edge"u8)) continue;
                int source = -1, target = -1, known = _nameOf.Count;
                while (xml.NextAttribute(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value))
                {
                    if (name.SequenceEqual("b"u8)) source = Interned(value, nodes);
                    else if (name.SequenceEqual("e"u8)) target = Interned(value, nodes);
                }
                if (source == target) continue;
                Add(source, target, 0);
                // Edges stand in the order in which things were marked: what has not been marked before is a root.
                if (source >= known && _names!.Bytes(_nameOf[source]) is var root && (root.StartsWith("Assembly:"u8) || root.StartsWith("Other:"u8))) _roots.Add(source);
            }
        }

        private int Interned(ReadOnlySpan<byte> name, NativeList<int> nodes)
        {
            int id = _names!.Intern(name);
            if (id >= nodes.Count) nodes.Resize(id + 1);
            if (nodes[id] == 0)
            {
                _nameOf.Add(id);
                nodes[id] = _nameOf.Count;
            }
            return nodes[id] - 1;
        }

        private void Add(int source, int target, ushort reason)
        {
            if (source < 0 || target < 0) throw new BadFormatException("an edge has no end");
            if (_edges.Count == Array.MaxLength) throw new BadFormatException("it has too many edges");
            _edges.Add(new DependencyGraph.RawEdge(source, target, reason));
        }

        private int Node(int id)
        {
            if (_byId is not null && _byId.TryGetValue(id, out int node)) return node;
            return _byId is null && id < _nameOf.Count ? id : throw new BadFormatException($"an edge names node {id}, which there is not");
        }

        private ushort Reason(ReadOnlySpan<byte> text)
        {
            int id = _reasons!.Intern(text);
            return id <= MaxReasons ? (ushort)id : throw new BadFormatException("it has too many reasons");
        }

        private ushort Find(ReadOnlySpan<byte> reason)
        {
            for (int i = 1; i < _reasons!.Count; i++)
            {
                if (_reasons.Bytes(i).SequenceEqual(reason)) return (ushort)i;
            }
            return 0;
        }

        private static int Number(ReadOnlySpan<byte> text) =>
            Utf8Parser.TryParse(text, out int number, out int used) && used == text.Length && number >= 0 ? number : throw new BadFormatException("a node's number is none");

        // The compiler's roots are notes that nothing leads to.
        private static List<int> RootsOf(DependencyGraph graph)
        {
            var roots = new List<int>();
            for (int i = 0; i < graph.NodeCount; i++)
            {
                if (graph.OutStart[i] == graph.OutStart[i + 1] || graph.InStart[i] != graph.InStart[i + 1]) continue;
                if (graph.NameBytes(i).StartsWith("Startup Code"u8)) roots.Insert(0, i);
                else roots.Add(i);
            }
            return roots;
        }

        // A graph of first reasons has one edge to each node, or two where it is conditional.
        private static bool HasSecondReasons(DependencyGraph graph)
        {
            if (graph.Source == GraphSource.Trimmer) return true;
            for (int i = 0; i < graph.NodeCount; i++)
            {
                if (graph.InStart[i + 1] - graph.InStart[i] > (graph.IsConditional[i] ? 2 : 1)) return true;
            }
            return false;
        }
    }

    /// <summary>A few bytes that were read already, and then the rest.</summary>
    private sealed class Prefixed(byte[] head, Stream rest) : ReadOnlyStream
    {
        private int _at;

        public override int Read(Span<byte> buffer)
        {
            if (_at == head.Length) return rest.Read(buffer);
            int n = Math.Min(buffer.Length, head.Length - _at);
            head.AsSpan(_at, n).CopyTo(buffer);
            _at += n;
            return n;
        }
    }

    /// <summary>Ends with an error instead of unpacking without end.</summary>
    private sealed class Limited(Stream inner, long limit) : ReadOnlyStream
    {
        private long _read;

        public override int Read(Span<byte> buffer)
        {
            int n = inner.Read(buffer);
            _read += n;
            return _read <= limit ? n : throw new BadFormatException($"it unpacks to more than {limit} bytes");
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }

    private abstract class ReadOnlyStream : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
