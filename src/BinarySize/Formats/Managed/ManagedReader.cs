using BinarySize.Formats.Pe;
using BinarySize.Formats.ReadyToRun;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Formats.Managed;

/// <summary>
/// Maps the managed content of an image (ECMA-335 II.25.3): CLI header, metadata, IL, resources, ReadyToRun code. Every
/// byte of the file belongs to its assembly, and as far as it can be told to a namespace, type or member of it.
/// </summary>
internal sealed class ManagedReader
{
    private readonly MapScope _scope;
    private readonly ImageLayout _layout;
    private readonly ByteView _bytes;

    private ManagedReader(in MapScope scope, ImageLayout layout)
    {
        _scope = scope;
        _layout = layout;
        _bytes = layout.Bytes;
    }

    /// <summary>Maps what the CLI header at <paramref name="rva"/> leads to. Throws where the header itself is damaged.</summary>
    /// <param name="machine">IMAGE_FILE_MACHINE_* as the file has it; 0 for Webcil.</param>
    public static void Read(in MapScope scope, ImageLayout layout, uint rva, ushort machine) => new ManagedReader(scope, layout).ReadAll(rva, machine);

    private void ReadAll(uint rva, ushort machine)
    {
        (long header, long available) = _layout.Range(rva, 72);
        if (available < 72) throw new BadFormatException("it does not fit its section");
        _scope.Claim(header, 72, PartKind.Block, ContentKind.Format, "CLI header", _layout.PartAt(header));
        MetadataTables? tables = null;
        MetadataOwners? owners = null;
        Guarded("the metadata", () =>
        {
            (long root, long length) = _layout.Range(_bytes.U32(header + 8), _bytes.U32(header + 12));
            int part = _scope.Claim(root, length, PartKind.Block, ContentKind.Metadata, "metadata", _layout.PartAt(root));
            tables = MetadataTables.Read(_bytes, root, length);
            ClaimMetadata(tables, root, part);
            if (_scope.WithOwners) owners = new MetadataOwners(_scope, _layout, tables);
        });
        Directory(header + 32, "strong name signature", ContentKind.Signature);
        Directory(header + 40, "code manager table", ContentKind.Format);
        Directory(header + 48, "vtable fixups", ContentKind.Format);
        Directory(header + 56, "export address table jumps", ContentKind.Format);
        // The assembly has whatever nobody has more closely.
        if (owners is not null) _scope.Own(0, _bytes.Length, owners.Assembly, ContentKind.Other);
        Guarded("the manifest resources", () =>
        {
            if (tables is not null) ClaimResources(tables, header + 24);
            else Directory(header + 24, "manifest resources", ContentKind.Resource);
        });
        owners?.Attribute();
        if (_bytes.U32(header + 64) is var native and not 0)
        {
            Guarded("the ReadyToRun header", () => ReadyToRunReader.Read(_scope, _layout, native, _bytes.U32(header + 68), machine, tables, owners));
        }
    }

    private void Guarded(string what, Action read)
    {
        try
        {
            read();
        }
        catch (BadFormatException e)
        {
            _scope.Warn(MapWarningCodes.Damaged, $"{what} cannot be read: {e.Message}");
        }
    }

    private void Directory(long at, string name, ContentKind content)
    {
        uint rva = _bytes.U32(at), size = _bytes.U32(at + 4);
        if (rva == 0 || size == 0 || !_layout.TryMap(rva, out long offset, out long available)) return;
        _scope.Claim(offset, Math.Min(size, available), PartKind.Block, content, name, _layout.PartAt(offset));
    }

    private void ClaimMetadata(MetadataTables tables, long root, int part)
    {
        _scope.Claim(root, tables.RootEnd - root, PartKind.Header, ContentKind.Metadata, "metadata root", part);
        foreach ((long nameOffset, int nameLength, MetadataStream stream) in tables.Streams)
        {
            int streamPart = _scope.Claim(stream.Offset, stream.Length, PartKind.Block, ContentKind.Metadata, _bytes.Span(nameOffset, nameLength), part);
            if (stream != tables.Tables || stream.Length == 0) continue;
            _scope.Claim(stream.Offset, tables.TablesHeaderEnd - stream.Offset, PartKind.Header, ContentKind.Metadata, "table stream header", streamPart);
            for (int i = 0; i < TableId.Count; i++)
            {
                if (tables.Rows(i) > 0)
                {
                    _scope.Claim(tables.Start(i), (long)tables.Rows(i) * tables.RowSize(i), PartKind.Block, ContentKind.Metadata, MetadataTables.NameOf(i) + " table", streamPart);
                }
            }
        }
    }

    // II.24.2.1 and II.22.24: a resource is a length of four bytes and so many bytes of content; the rows of ManifestResource have its offset.
    private void ClaimResources(MetadataTables tables, long directory)
    {
        uint rva = _bytes.U32(directory), size = _bytes.U32(directory + 4);
        if (rva == 0 || size == 0) return;
        (long start, long length) = _layout.Range(rva, size);
        int part = _scope.Claim(start, length, PartKind.Block, ContentKind.Resource, "manifest resources", _layout.PartAt(start));
        for (int i = 1; i <= tables.Rows(TableId.ManifestResource); i++)
        {
            long offset = tables.Column(TableId.ManifestResource, i, 0);
            // One that lies in another file or assembly takes no bytes here.
            if (tables.Column(TableId.ManifestResource, i, 3) != 0 || offset > length - 4) continue;
            long content = Math.Min(_bytes.U32(start + offset), length - offset - 4);
            ByteView name = tables.StringAt(tables.Column(TableId.ManifestResource, i, 2));
            _scope.Claim(start + offset, content + 4, PartKind.Block, ContentKind.Resource, _scope.Names.AddMapped(name), part);
        }
    }
}
