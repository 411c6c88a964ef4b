using System.Runtime.InteropServices;
using System.Text;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Attribution.NativeAot;

/// <summary>Reflection metadata, stack trace metadata, and the tables of the type loader.</summary>
internal sealed partial class AotClaims
{
    // Stack traces name methods with metadata that nothing else points at: (handle, owner).
    private readonly List<(uint Handle, int Owner)> _metadataRoots = [];

    // The first item of each blob that is looked into, by name.
    private Dictionary<string, int>? _blobItems;

    /// <summary>The bytes of the blob that a symbol of the compiler's names; false where it is not there.</summary>
    private bool TryGetBlob(ReadOnlySpan<byte> symbol, out ByteView bytes, out long offset, out ulong address)
    {
        _blobItems ??= FindBlobs();
        if (!_blobItems.TryGetValue(Encoding.ASCII.GetString(symbol), out int index))
        {
            (bytes, offset, address) = (default, 0, 0);
            return false;
        }
        AotItem item = _image.Items[index];
        AotArea area = _image.Areas[item.Area];
        offset = area.Offset + (long)(item.Start - area.Start);
        address = item.Start;
        bytes = _scope.Bytes.Slice(offset, (long)(item.End - item.Start));
        return true;
    }

    private Dictionary<string, int> FindBlobs()
    {
        // All of them are data, named by the compiler without anything of the program's in the name.
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < _image.Items.Length; i++)
        {
            AotItem item = _image.Items[i];
            AotArea area = _image.Areas[item.Area];
            if (area.Offset < 0 || area.IsCode) continue;
            for (int s = item.First; s < item.First + item.Count; s++)
            {
                ReadOnlySpan<byte> name = _image.Name(_image.Symbols[s]);
                if (name.Length is > 8 and < 48 && ManagedSymbols.IsProgramData(name)) found.TryAdd(Encoding.ASCII.GetString(name), i);
            }
        }
        return found;
    }

    /// <summary>
    /// The map from methods to their names in stack traces: commands that change the current type (1), name (2),
    /// signature (4) or signature with instantiation (8), and then a relative pointer to the method.
    /// </summary>
    private void ReadStackTraces()
    {
        if (!TryGetBlob("_stacktrace_methodRVA_to_token_mapping"u8, out ByteView blob, out long offset, out ulong address)) return;
        // Since .NET 9 the number of entries stands before them.
        long counted = blob.Length >= 4 ? blob.U32(0) : 0;
        int at = counted > 0 && counted <= blob.Length / 5 && counted > 0x1F ? 4 : 0;
        uint type = 0, name = 0, signature = 0, arguments = 0;
        while (blob.Contains(at, 5))
        {
            int start = at;
            byte command = blob.U8(at++);
            if (command > 0x1F) throw new BadFormatException($"command 0x{command:x2} is not known");
            if ((command & 1) != 0)
            {
                type = blob.U32(at);
                at += 4;
            }
            if ((command & 2) != 0) name = NativeMetadata.Handle(NativeMetadata.ConstantString, NativeFormat.Unsigned(blob, ref at));
            if ((command & 12) != 0)
            {
                signature = NativeMetadata.Handle(NativeMetadata.MethodSignature, NativeFormat.Unsigned(blob, ref at));
                arguments = (command & 8) != 0 ? NativeMetadata.Handle(NativeMetadata.ConstantStringArray, NativeFormat.Unsigned(blob, ref at)) : 0;
            }
            if (!blob.Contains(at, 4)) break;
            int owner = OwnerAt(address + (ulong)at + (ulong)(long)blob.I32(at));
            at += 4;
            if (owner == 0) continue;
            _scope.Own(offset + start, at - start, owner, ContentKind.Metadata, Basis.Exact, Blobs);
            foreach (uint handle in (ReadOnlySpan<uint>)[type, name, signature, arguments])
            {
                if (handle != 0) _metadataRoots.Add((handle, owner));
            }
        }
    }

    private sealed class MetadataGraph : IDisposable
    {
        public readonly Dictionary<uint, int> Index = [];
        public readonly List<uint> Handles = [];
        public readonly List<int> Ends = [];
        public readonly List<int> FirstEdge = [];
        public readonly NativeList<(int Record, int Member)> Edges = new();
        public int Unread;

        public void Dispose() => Edges.Dispose();
    }

    private void ClaimMetadata()
    {
        if (!TryGetBlob("__embedded_metadata"u8, out ByteView blob, out long offset, out _)) return;
        // The schema is not told; the right one reads every record.
        NativeMetadata? metadata = null;
        MetadataGraph? graph = null;
        foreach (bool schema in (ReadOnlySpan<bool>)[_mstat is not { Version.Minor: 0 }, _mstat is { Version.Minor: 0 }])
        {
            if (NativeMetadata.TryCreate(blob, schema) is not { } candidate) return;
            MetadataGraph read = ReadGraph(candidate, blob.Length);
            if (graph is not null && read.Unread >= graph.Unread)
            {
                read.Dispose();
                continue;
            }
            graph?.Dispose();
            (metadata, graph) = (candidate, read);
            if (read.Unread == 0) break;
        }
        if (metadata is null || graph is null) return;
        using MetadataGraph held = graph;
        int[] owners = AssignMetadata(metadata, graph);

        var order = new int[graph.Handles.Count];
        var starts = new int[order.Length];
        for (int i = 0; i < order.Length; i++) (order[i], starts[i]) = (i, (int)(graph.Handles[i] & 0xFFFFFF));
        Array.Sort(starts, order);
        _scope.Own(offset, metadata.HeaderLength, _owners.ManagedData("reflection metadata"), ContentKind.Metadata, Basis.Exact, Blobs);
        for (int i = 0; i < order.Length; i++)
        {
            int end = graph.Ends[order[i]];
            if (i + 1 < order.Length) end = Math.Min(end, starts[i + 1]);
            if (owners[order[i]] != 0) _scope.Own(offset + starts[i], end - starts[i], owners[order[i]], ContentKind.Metadata, Basis.Derived, Blobs);
        }
    }

    private MetadataGraph ReadGraph(NativeMetadata metadata, long length)
    {
        var graph = new MetadataGraph();
        int Add(uint handle)
        {
            ref int record = ref CollectionsMarshal.GetValueRefOrAddDefault(graph.Index, handle, out bool known);
            if (!known)
            {
                record = graph.Handles.Count;
                graph.Handles.Add(handle);
            }
            return record;
        }
        foreach (uint scope in metadata.Scopes) Add(scope);
        foreach ((uint handle, _) in _metadataRoots) Add(handle);
        var found = new List<(uint Handle, int Member)>();
        // Breadth first; every record is read once, so it ends.
        for (int i = 0; i < graph.Handles.Count; i++)
        {
            uint handle = graph.Handles[i];
            found.Clear();
            int end = (int)(handle & 0xFFFFFF);
            try
            {
                end = metadata.Walk(handle, found);
            }
            catch (BadFormatException)
            {
                graph.Unread++;
                found.Clear();
            }
            graph.Ends.Add(end);
            // Each edge takes a byte at least: more of them means that records lie over each other.
            if (graph.Edges.Count + found.Count > length)
            {
                graph.Dispose();
                throw new BadFormatException("metadata records lie over each other");
            }
            graph.FirstEdge.Add(graph.Edges.Count);
            foreach ((uint target, int member) in found) graph.Edges.Add((Add(target), member));
        }
        graph.FirstEdge.Add(graph.Edges.Count);
        return graph;
    }

    // Members of a TypeDefinition record that hold its own members, and where names stand.
    private const int TypeNamespace = 2, TypeName = 3, TypeEnclosing = 6, TypeMethods = 8, TypeEvents = 11;

    /// <summary>
    /// Definitions own themselves; any other record is whose definitions lead to it: what these have in common, and the
    /// first one's assembly where they are in different ones.
    /// </summary>
    private int[] AssignMetadata(NativeMetadata metadata, MetadataGraph graph)
    {
        int count = graph.Handles.Count;
        var owner = new int[count];
        var definition = new bool[count];
        var parent = new int[count];
        parent.AsSpan().Fill(-1);
        ReadOnlySpan<(int Record, int Member)> edges = graph.Edges.Span;
        for (int i = 0; i < count; i++)
        {
            if (TypeOf(graph.Handles[i]) != NativeMetadata.TypeDefinition) continue;
            for (int e = graph.FirstEdge[i]; e < graph.FirstEdge[i + 1]; e++)
            {
                if (edges[e].Member is >= TypeMethods and <= TypeEvents) parent[edges[e].Record] = i;
            }
        }
        for (int i = 0; i < count; i++)
        {
            owner[i] = DefinitionOwner(metadata, graph, owner, parent, i, 0);
            definition[i] = owner[i] != 0;
        }
        var work = new Stack<int>();
        void Give(int record, int to)
        {
            if (definition[record] || to == 0) return;
            int now = owner[record];
            int next = now == 0 ? to : now == to ? now : _owners.Common(now, to);
            if (next == 0) next = _owners.AssemblyOf(now) is var first and not 0 ? first : now;
            if (next == now) return;
            owner[record] = next;
            work.Push(record);
        }
        // Last in, first out: what the first scope uses is pushed last.
        for (int i = count - 1; i >= 0; i--)
        {
            if (definition[i]) work.Push(i);
        }
        Drain();
        foreach ((uint handle, int to) in _metadataRoots)
        {
            Give(graph.Index[handle], to);
            Drain();
        }
        return owner;

        void Drain()
        {
            // An owner only ever moves towards the root of the tree, so each record is worked on a few times at most.
            while (work.TryPop(out int record))
            {
                for (int e = graph.FirstEdge[record]; e < graph.FirstEdge[record + 1]; e++) Give(graph.Edges[e].Record, owner[record]);
            }
        }
    }

    private static byte TypeOf(uint handle) => (byte)(handle >> 24);

    private static uint Member(MetadataGraph graph, int record, int member)
    {
        for (int e = graph.FirstEdge[record]; e < graph.FirstEdge[record + 1]; e++)
        {
            // They stand in the order of members.
            if (graph.Edges[e].Member >= member) return graph.Edges[e].Member == member ? graph.Handles[graph.Edges[e].Record] : 0;
        }
        return 0;
    }

    private int DefinitionOwner(NativeMetadata metadata, MetadataGraph graph, int[] owner, int[] parent, int record, int depth)
    {
        if (owner[record] != 0) return owner[record];
        if (depth > 64) return 0;
        int Of(uint handle) => handle == 0 ? 0 : DefinitionOwner(metadata, graph, owner, parent, graph.Index[handle], depth + 1);
        switch (TypeOf(graph.Handles[record]))
        {
            case NativeMetadata.ScopeDefinition:
                return owner[record] = _owners.Assembly(Text(metadata, Member(graph, record, 1)));
            case NativeMetadata.NamespaceDefinition:
                {
                    string name = FullNamespace(metadata, graph, record, out int scope);
                    int assembly = scope < 0 ? 0 : Of(graph.Handles[scope]);
                    return owner[record] = assembly == 0 ? 0 : _owners.Namespace(assembly, name);
                }
            case NativeMetadata.TypeDefinition:
                {
                    string name = Text(metadata, Member(graph, record, TypeName));
                    int at = record;
                    for (int i = 0; i < 64 && Member(graph, at, TypeEnclosing) is var outer and not 0; i++)
                    {
                        at = graph.Index[outer];
                        name = Text(metadata, Member(graph, at, TypeName)) + "+" + name;
                    }
                    int space = Of(Member(graph, at, TypeNamespace));
                    return owner[record] = space == 0 ? 0 : _owners.Node(space, OwnerKind.Type, name);
                }
            case NativeMetadata.Method or NativeMetadata.Field or NativeMetadata.Property or NativeMetadata.Event when parent[record] >= 0:
                {
                    int type = Of(graph.Handles[parent[record]]);
                    if (type == 0) return 0;
                    uint name = Member(graph, record, TypeOf(graph.Handles[record]) == NativeMetadata.Method ? 2 : 1);
                    return owner[record] = name == 0 ? type : _owners.Node(type, OwnerKind.Member, Text(metadata, name));
                }
            default:
                return 0;
        }
    }

    private static string FullNamespace(NativeMetadata metadata, MetadataGraph graph, int record, out int scope)
    {
        string full = "";
        scope = -1;
        for (int i = 0; i < 64; i++)
        {
            string name = Text(metadata, Member(graph, record, 1));
            full = full.Length == 0 ? name : name.Length == 0 ? full : name + "." + full;
            uint up = Member(graph, record, 0);
            if (up == 0) return full;
            record = graph.Index[up];
            if (TypeOf(up) == NativeMetadata.ScopeDefinition)
            {
                scope = record;
                return full;
            }
        }
        return full;
    }

    // A longer name is none.
    private const int MaxName = 1024;

    private static string Text(NativeMetadata metadata, uint handle) =>
        handle == 0 ? "" : metadata.Text(handle) is { Length: <= MaxName } name ? Encoding.UTF8.GetString(name) : "";

    // What each entry of a table of references points at, by the table's symbol.
    private readonly List<int[]> _references = [];

    private void ClaimReferenceTables()
    {
        foreach (ReadOnlyMemory<byte> table in s_referenceTables)
        {
            if (!TryGetBlob(table.Span, out ByteView blob, out long offset, out ulong address))
            {
                _references.Add([]);
                continue;
            }
            var owners = new int[blob.Length / 4];
            for (int i = 0; i < owners.Length; i++)
            {
                owners[i] = OwnerAt(address + (ulong)i * 4 + (ulong)(long)blob.I32(i * 4));
                if (owners[i] != 0) _scope.Own(offset + i * 4, 4, owners[i], ContentKind.ReadOnlyData, Basis.Derived, Blobs);
            }
            _references.Add(owners);
        }
        // The statics of all types, each by a pointer relative to itself: a part of the same make.
        ClaimPointers("__GCStaticRegion"u8);
        ClaimPointers("__ThreadStaticRegion"u8);
    }

    private void ClaimPointers(ReadOnlySpan<byte> symbol)
    {
        if (!TryGetBlob(symbol, out ByteView blob, out long offset, out ulong address)) return;
        for (int at = 0; at + 4 <= blob.Length; at += 4)
        {
            int owner = OwnerAt(address + (ulong)at + (ulong)(long)blob.I32(at));
            if (owner != 0) _scope.Own(offset + at, 4, owner, ContentKind.Data, Basis.Derived, Blobs);
        }
    }

    private static readonly ReadOnlyMemory<byte>[] s_referenceTables =
    [
        "__external_CommonFixupsTable_references"u8.ToArray(),
        "__external_NativeReferences_references"u8.ToArray(),
        "__external_NativeStatics_references"u8.ToArray(),
    ];

    /// <summary>A hashtable whose entries start with, or have in the second or third place, a number of a table of references.</summary>
    /// <param name="Position">Place of that number.</param>
    /// <param name="Layout">Place of an offset in the native layout; 0 where there is none.</param>
    private readonly record struct ReferringTable(byte[] Symbol, int Table, int Position, string Name, int Layout = 0);

    private const int CommonReferences = 0, NativeReferences = 1;

    private static readonly ReferringTable[] s_hashtables =
    [
        new("__type_to_metadata_map"u8.ToArray(), CommonReferences, 0, "reflection maps"),
        new("__array_type_map"u8.ToArray(), CommonReferences, 0, "reflection maps"),
        new("__ptr_type_map"u8.ToArray(), CommonReferences, 0, "reflection maps"),
        new("__byref_type_map"u8.ToArray(), CommonReferences, 0, "reflection maps"),
        new("__type_to_cctorContext_map"u8.ToArray(), CommonReferences, 0, "reflection maps"),
        new("__method_to_entrypoint_map"u8.ToArray(), CommonReferences, 2, "reflection maps"),
        new("__field_to_offset_map"u8.ToArray(), CommonReferences, 1, "reflection maps"),
        new("__VirtualInvokeMap"u8.ToArray(), CommonReferences, 0, "reflection maps"),
        new("__generic_types_hashtable"u8.ToArray(), NativeReferences, 0, "type loader maps"),
        new("__generic_methods_hashtable"u8.ToArray(), NativeReferences, 0, "type loader maps", 2),
        new("__exact_method_instantiations"u8.ToArray(), NativeReferences, 0, "type loader maps", 1),
        new("_StaticsInfoHashtableNode"u8.ToArray(), NativeReferences, 0, "type loader maps"),
        new("__GenericTypesTemplateMap"u8.ToArray(), CommonReferences, 0, "type loader maps", 1),
        new("__gvm_table"u8.ToArray(), CommonReferences, 0, "type loader maps", 2),
        new("__interface_gvm_table"u8.ToArray(), CommonReferences, 0, "type loader maps"),
    ];

    private void ClaimHashtables()
    {
        foreach (ReferringTable table in s_hashtables)
        {
            if (TryGetBlob(table.Symbol, out ByteView blob, out long offset, out _)) Guarded(table.Name, () => ClaimHashtable(table, blob, offset));
        }
        Guarded("type loader layouts", ClaimLayouts);
    }

    // Parts of the native layout that a table leads to: offset, whose it is, and whether it is a bag and no name.
    private readonly List<(uint Offset, int Owner, bool IsBag)> _layouts = [];

    private void ClaimLayouts()
    {
        if (!TryGetBlob("__nativelayoutinfo"u8, out ByteView blob, out long offset, out _)) return;
        _layouts.Sort();
        for (int i = 0; i < _layouts.Count;)
        {
            (uint start, int owner, bool bag) = _layouts[i];
            for (; i < _layouts.Count && _layouts[i].Offset == start; i++)
            {
                if (_owners.Common(owner, _layouts[i].Owner) is var common and not 0) owner = common;
            }
            if (!blob.Contains(start, 1)) continue;
            int at = (int)start;
            long next = i < _layouts.Count ? _layouts[i].Offset : blob.Length;
            if (bag)
            {
                // Pairs of a kind and a number, up to kind 0.
                while (at < next && NativeFormat.Unsigned(blob, ref at) != 0) NativeFormat.Unsigned(blob, ref at);
            }
            else
            {
                // A method's name, and where its signature is.
                ReadText(blob, ref at);
                NativeFormat.Signed(blob, ref at);
            }
            _scope.Own(offset + start, at - start, owner, ContentKind.Metadata, Basis.Derived, Blobs);
        }
    }

    /// <summary>
    /// Which methods implement a generic virtual method of an interface: interface, name, and for each implementation its
    /// name, its type, and the interfaces that it does so for with their signatures.
    /// </summary>
    private void AddInterfaceImplementations(ByteView blob, int payload, int end)
    {
        int at = payload;
        blob = blob.Slice(0, end);
        int Owner() => NativeFormat.Unsigned(blob, ref at) is var number && number < (uint)_references[CommonReferences].Length ? _references[CommonReferences][number] : 0;
        void Name(uint layout, int owner)
        {
            if (owner != 0) _layouts.Add((layout, owner, false));
        }
        int type = Owner();
        Name(NativeFormat.Unsigned(blob, ref at), type);
        for (uint n = NativeFormat.Unsigned(blob, ref at); n > 0; n--)
        {
            uint name = NativeFormat.Unsigned(blob, ref at);
            // What is ambiguous or abstract again has no implementation.
            if (name < 0xFFFFFFF0) Name(name, Owner());
            for (uint i = NativeFormat.Unsigned(blob, ref at); i > 0; i--)
            {
                Owner();
                for (uint j = NativeFormat.Unsigned(blob, ref at); j > 0; j--) NativeFormat.Unsigned(blob, ref at);
            }
        }
    }

    private void ClaimHashtable(ReferringTable table, ByteView blob, long offset)
    {
        List<NativeHashEntry> entries = NativeHashtable.Read(blob, out _);
        int[] references = _references[table.Table];
        // Payloads have no length: one reaches to the next payload or bucket entry.
        var starts = new int[entries.Count * 2];
        for (int i = 0; i < entries.Count; i++) (starts[i * 2], starts[i * 2 + 1]) = (entries[i].Start, entries[i].Payload);
        Array.Sort(starts);
        int kept = 0;
        foreach (int start in starts)
        {
            if (kept == 0 || starts[kept - 1] != start) starts[kept++] = start;
        }
        foreach (NativeHashEntry entry in entries)
        {
            int at = entry.Payload;
            uint number = NativeFormat.Unsigned(blob, ref at);
            for (int i = 0; i < table.Position; i++) number = NativeFormat.Unsigned(blob, ref at);
            int owner = number < (uint)references.Length ? references[number] : 0;
            if (owner == 0) continue;
            int next = Array.BinarySearch(starts, 0, kept, entry.Payload) + 1;
            int end = next < kept ? starts[next] : (int)blob.Length;
            if (table.Layout != 0)
            {
                int position = entry.Payload;
                uint layout = 0;
                for (int i = 0; i <= table.Layout; i++) layout = NativeFormat.Unsigned(blob, ref position);
                _layouts.Add((layout, owner, table.Layout == 1 && table.Table == CommonReferences));
            }
            else if (table.Symbol.AsSpan().SequenceEqual("__interface_gvm_table"u8)) AddInterfaceImplementations(blob, entry.Payload, end);
            _scope.Own(offset + entry.Start, entry.End - entry.Start, owner, ContentKind.Metadata, Basis.Derived, Blobs);
            _scope.Own(offset + entry.Payload, end - entry.Payload, owner, ContentKind.Metadata, Basis.Derived, Blobs);
        }
    }

    /// <summary>The index of manifest resources says where each one lies: assembly, name, offset, length.</summary>
    private void ClaimResources()
    {
        if (!TryGetBlob("__embedded_resourceindex"u8, out ByteView index, out long indexOffset, out _)
            || !TryGetBlob("__embedded_resourcedata"u8, out ByteView data, out long dataOffset, out _)) return;
        foreach (NativeHashEntry entry in NativeHashtable.Read(index, out _))
        {
            int at = entry.Payload;
            string assembly = SimpleName(ReadText(index, ref at)), resource = ReadText(index, ref at);
            long start = NativeFormat.Unsigned(index, ref at), length = NativeFormat.Unsigned(index, ref at);
            if (assembly.Length == 0) continue;
            int owner = _owners.Node(_owners.Assembly(assembly), OwnerKind.Symbol, resource);
            _scope.Own(indexOffset + entry.Start, entry.End - entry.Start, owner, ContentKind.Metadata, Basis.Exact, Blobs);
            _scope.Own(indexOffset + entry.Payload, at - entry.Payload, owner, ContentKind.Metadata, Basis.Exact, Blobs);
            if (data.Contains(start, length)) _scope.Own(dataOffset + start, length, owner, ContentKind.Resource, Basis.Exact, Blobs);
        }
    }

    private static string ReadText(ByteView bytes, ref int at)
    {
        uint length = NativeFormat.Unsigned(bytes, ref at);
        if (length > 4096 || !bytes.Contains(at, length)) throw new BadFormatException("a name does not fit");
        string text = Encoding.UTF8.GetString(bytes.Span(at, (int)length));
        at += (int)length;
        return text;
    }

    private static string SimpleName(string assembly) => assembly.IndexOf(',') is >= 0 and var comma ? assembly[..comma] : assembly;
}
