using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using BinarySize.Formats;
using BinarySize.IO;
using BinarySize.Mapping;
using BinarySize.Tests.Pe;

namespace BinarySize.Tests.Managed;

public class ManagedReaderTests
{
    /// <summary>CoreLib (ReadyToRun), an IL assembly from a package, one compiled by the SDK here.</summary>
    public static TheoryData<string> Assemblies => [
        Path.Combine(PeSamples.Framework, "System.Private.CoreLib.dll"), Path.Combine(PeSamples.Windows, "System.Text.Json.dll"),
        Path.Combine(AppContext.BaseDirectory, "xunit.v3.assert.dll"), Path.Combine(Samples.Publish("sqlcli", "--self-contained", "false"), "Newtonsoft.Json.dll"),
        typeof(ManagedReaderTests).Assembly.Location,
    ];

    private static string NameOf(MetadataReader reader, TypeDefinitionHandle handle)
    {
        TypeDefinition type = reader.GetTypeDefinition(handle);
        string name = reader.GetString(type.Name);
        return type.GetDeclaringType().IsNil ? reader.GetString(type.Namespace) is { Length: > 0 } space ? space + "/" + name : name : NameOf(reader, type.GetDeclaringType()) + "+" + name;
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Each_method_has_as_many_bytes_of_IL_as_the_metadata_reader_says(string path)
    {
        using var pe = new PEReader(File.OpenRead(path));
        MetadataReader reader = pe.GetMetadataReader();
        string assembly = reader.GetString(reader.GetAssemblyDefinition().Name);
        var expected = new Dictionary<string, long>();
        long total = 0;
        foreach (MethodDefinitionHandle handle in reader.MethodDefinitions)
        {
            MethodDefinition method = reader.GetMethodDefinition(handle);
            if (method.RelativeVirtualAddress == 0) continue;
            string name = $"{assembly}/{NameOf(reader, method.GetDeclaringType())}/{reader.GetString(method.Name)}";
            int size = pe.GetMethodBody(method.RelativeVirtualAddress).Size;
            expected[name] = expected.GetValueOrDefault(name) + size;
            total += size;
        }

        using SizeMap map = PeSamples.Map(path);
        Assert.Empty(map.Warnings);
        var actual = new Dictionary<string, long>();
        foreach ((string name, long size) in OwnersIn(map, "IL"))
        {
            if (name != assembly) actual[name] = size;
        }
        Assert.True(total > 1000);
        Assert.Equal(expected.OrderBy(e => e.Key, StringComparer.Ordinal), actual.OrderBy(e => e.Key, StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Tables_and_heaps_are_as_large_as_the_metadata_reader_says(string path)
    {
        using var pe = new PEReader(File.OpenRead(path));
        MetadataReader reader = pe.GetMetadataReader();
        using SizeMap map = PeSamples.Map(path);
        foreach (TableIndex table in Enum.GetValues<TableIndex>())
        {
            long size = (long)reader.GetTableRowCount(table) * reader.GetTableRowSize(table);
            string name = table == TableIndex.FieldRva ? "FieldRVA" : table.ToString();
            Assert.Equal(size, PeSamples.PartSize(map, name + " table"));
        }
        Assert.Equal(reader.GetHeapSize(HeapIndex.Guid), PeSamples.PartSize(map, "#GUID"));
        // The reader cuts the zeros that align a heap.
        Assert.InRange(PeSamples.PartSize(map, "#Strings") - reader.GetHeapSize(HeapIndex.String), 0, 3);
        Assert.InRange(PeSamples.PartSize(map, "#US") - reader.GetHeapSize(HeapIndex.UserString), 0, 3);
        Assert.InRange(PeSamples.PartSize(map, "#Blob") - reader.GetHeapSize(HeapIndex.Blob), 0, 3);
        foreach (ManifestResourceHandle handle in reader.ManifestResources)
        {
            ManifestResource resource = reader.GetManifestResource(handle);
            if (!resource.Implementation.IsNil) continue;
            BlobReader content = pe.GetSectionData(pe.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress).GetReader((int)resource.Offset, 4);
            Assert.Equal(content.ReadInt32() + 4L, PeSamples.PartSize(map, reader.GetString(resource.Name)));
        }
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Rows_belong_to_what_they_describe(string path)
    {
        using var pe = new PEReader(File.OpenRead(path));
        MetadataReader reader = pe.GetMetadataReader();
        string assembly = reader.GetString(reader.GetAssemblyDefinition().Name);
        var methods = new Dictionary<string, long>();
        var parameters = new Dictionary<string, long>();
        foreach (TypeDefinitionHandle type in reader.TypeDefinitions)
        {
            foreach (MethodDefinitionHandle handle in reader.GetTypeDefinition(type).GetMethods())
            {
                MethodDefinition method = reader.GetMethodDefinition(handle);
                string name = $"{assembly}/{NameOf(reader, type)}/{reader.GetString(method.Name)}";
                methods[name] = methods.GetValueOrDefault(name) + reader.GetTableRowSize(TableIndex.MethodDef);
                int count = method.GetParameters().Count;
                if (count > 0) parameters[name] = parameters.GetValueOrDefault(name) + count * reader.GetTableRowSize(TableIndex.Param);
            }
        }
        var types = reader.TypeDefinitions.GroupBy(t => $"{assembly}/{NameOf(reader, t)}").ToDictionary(g => g.Key, g => (long)g.Count() * reader.GetTableRowSize(TableIndex.TypeDef));
        using SizeMap map = PeSamples.Map(path);
        Assert.Equal(methods.OrderBy(e => e.Key, StringComparer.Ordinal), OwnersIn(map, "MethodDef table").OrderBy(e => e.Key, StringComparer.Ordinal));
        Assert.Equal(parameters.OrderBy(e => e.Key, StringComparer.Ordinal), OwnersIn(map, "Param table").OrderBy(e => e.Key, StringComparer.Ordinal));
        Assert.Equal(types.OrderBy(e => e.Key, StringComparer.Ordinal), OwnersIn(map, "TypeDef table").OrderBy(e => e.Key, StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void Every_byte_belongs_to_the_assembly_and_most_of_them_to_a_namespace_or_finer(string path)
    {
        using SizeMap map = PeSamples.Map(path);
        long fine = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Assert.NotEqual(0, map.Slices[i].Owner);
            if (map.Owners[map.Slices[i].Owner].Kind is OwnerKind.Namespace or OwnerKind.Type or OwnerKind.Member) fine += map.LengthOf(i);
        }
        Assert.True(fine > map.Size * 0.7, $"{100.0 * fine / map.Size:F1} %");
    }

    [Fact]
    public void Literals_and_names_belong_to_their_only_user()
    {
        using SizeMap map = PeSamples.Map(typeof(ManagedReaderTests).Assembly.Location);
        const string self = "BinarySize.Tests/BinarySize.Tests.Managed/ManagedReaderTests/";
        long literal = OwnersIn(map, "#US")[self + nameof(OnlyUser73)];
        // One byte of length (two from 128 bytes on), two bytes a character, one byte that says whether there are special ones.
        Assert.Equal(1 + 2 * OnlyUser73().Length + 1, literal);
        Assert.Equal(nameof(OnlyUser73).Length + 1, OwnersIn(map, "#Strings")[self + nameof(OnlyUser73)]);
    }

    // No name ends like this one: a compiler stores a name that is the end of another only once.
    private static string OnlyUser73() => "words that stand nowhere else in here";

    [Fact]
    public void Without_owners_the_sections_are_the_same()
    {
        string path = Path.Combine(PeSamples.Windows, "System.Collections.dll");
        using SizeMap with = PeSamples.Map(path), without = FormatReader.Map(FileView.Open(path), "System.Collections.dll", withOwners: false);
        Assert.Equal(1, without.Owners.Length);
        foreach (string part in new[] { ".text", ".data", ".reloc", "base relocations", "version", "exception directory" })
        {
            Assert.Equal(PeSamples.PartSize(with, part), PeSamples.PartSize(without, part));
        }
    }

    [Fact]
    public void Owners_hang_below_the_one_that_the_caller_gives()
    {
        byte[] content = File.ReadAllBytes(Path.Combine(PeSamples.Windows, "hello.dll"));
        FileView view = FileView.FromBytes(content, "hello.dll");
        var builder = new SizeMapBuilder(view.Bytes, view.Length, "hello.dll");
        builder.Keep(view);
        int package = builder.InternOwner(0, OwnerKind.Package, "Some.Package");
        FormatReader.Read(new MapScope(builder, 0, 0, view.Bytes, OwnerRoot: package));
        using SizeMap map = PeSamples.Checked(builder.Build(), content.Length);
        Assert.All(PeSamples.OwnerSizes(map), o => Assert.StartsWith("Some.Package/hello", o.Key, StringComparison.Ordinal));
    }

    /// <summary>Bytes in parts of one name, by full owner name.</summary>
    internal static Dictionary<string, long> OwnersIn(SizeMap map, string part)
    {
        var sizes = new Dictionary<int, long>();
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Slice s = map.Slices[i];
            if (map.Names.Text(map.Parts[s.Part].Name) == part) sizes[s.Owner] = sizes.GetValueOrDefault(s.Owner) + map.LengthOf(i);
        }
        return sizes.ToDictionary(s => FullName(map, s.Key), s => s.Value);
    }

    internal static string FullName(SizeMap map, int owner) =>
        owner == 0 ? "" : (map.Owners[owner].Parent == 0 ? "" : FullName(map, map.Owners[owner].Parent) + "/") + map.Names.Text(map.Owners[owner].Name);
}
