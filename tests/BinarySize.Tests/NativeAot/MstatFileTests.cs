using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using BinarySize.Attribution.NativeAot;
using BinarySize.IO;

namespace BinarySize.Tests.NativeAot;

public class MstatFileTests
{
    [Theory]
    [InlineData("hello", "net9.0", 1)]
    [InlineData("webapi", "net9.0", 1)]
    [InlineData("hello", "net8.0", 0)]
    [InlineData("webapi", "net8.0", 0)]
    public void Totals_are_those_that_the_instructions_add_up_to(string app, string framework, int minor)
    {
        AotSample sample = AotSample.Get(app, framework);
        using FileView file = FileView.Open(sample.Mstat);
        Assert.True(MstatFile.TryRead(file, out MstatFile? mstat, out string reason), reason);
        Assert.Equal((2, minor), (mstat.Version.Major, mstat.Version.Minor));
        Dictionary<string, List<long>> numbers = Numbers(sample.Mstat);

        List<long> types = numbers["Types"], methods = numbers["Methods"];
        Assert.Equal(types.Count / 2, mstat.Types.Length);
        Assert.Equal(types.Where((_, i) => i % 2 == 0).Sum(), mstat.Types.Sum(t => (long)t.Size));
        Assert.Equal(methods.Count / 4, mstat.Methods.Length);
        Assert.Equal(methods.Where((_, i) => i % 4 == 0).Sum(), mstat.Methods.Sum(m => (long)m.Code));
        Assert.Equal(methods.Where((_, i) => i % 4 == 1).Sum(), mstat.Methods.Sum(m => (long)m.GcInfo));
        Assert.Equal(methods.Where((_, i) => i % 4 == 2).Sum(), mstat.Methods.Sum(m => (long)m.EhInfo));
        Assert.Equal(numbers["Blobs"].Sum(), mstat.Blobs.Sum(b => (long)b.Size));
        if (minor == 0) return;
        Assert.Equal(numbers["RvaFields"].Where((_, i) => i % 2 == 0).Sum(), mstat.RvaFields.Sum(f => (long)f.Size));
        Assert.Equal(numbers["ManifestResources"].Where((_, i) => i % 2 == 1).Sum(), mstat.Resources.Sum(r => (long)r.Size));
        Assert.NotEmpty(mstat.FrozenObjects);
    }

    [Theory]
    [InlineData("hello", "net9.0")]
    [InlineData("hello", "net8.0")]
    public void Names_and_sizes_are_those_of_the_compilers_map(string app, string framework)
    {
        AotSample sample = AotSample.Get(app, framework);
        using FileView file = FileView.Open(sample.Mstat);
        Assert.True(MstatFile.TryRead(file, out MstatFile? mstat, out string reason), reason);
        var nodes = new Dictionary<string, (string Kind, long Length)>();
        var byKind = new Dictionary<string, long>();
        using (var reader = XmlReader.Create(sample.CompilerMap))
        {
            while (reader.Read())
            {
                if (reader.NodeType != XmlNodeType.Element || reader.GetAttribute("Length") is not { } length) continue;
                nodes[reader.GetAttribute("Name")!] = (reader.LocalName, long.Parse(length));
                byKind[reader.LocalName] = byKind.GetValueOrDefault(reader.LocalName) + long.Parse(length);
            }
        }
        foreach (MstatMethodRecord m in mstat.Methods)
        {
            (string kind, long length) = nodes[Encoding.UTF8.GetString(mstat.Name(m.Name).Span())];
            Assert.True(length == m.Code || kind == "GCInfo", $"{length} and {m.Code}");
        }
        foreach (MstatTypeRecord t in mstat.Types) Assert.Equal(t.Size, nodes[Encoding.UTF8.GetString(mstat.Name(t.Name).Span()).Split(' ')[0]].Length);
        Assert.Equal(byKind["Metadata"], mstat.Blobs.Single(b => b.Kind == "Metadata").Size);
        Assert.Equal(byKind["DehydratedData"], mstat.Blobs.Single(b => b.Kind == "DehydratedData").Size);
    }

    [Fact]
    public void Owners_are_definitions()
    {
        using FileView file = FileView.Open(AotSample.Get("hello", "net9.0").Mstat);
        Assert.True(MstatFile.TryRead(file, out MstatFile? mstat, out _));
        int list = mstat.TypeDefinitions.Index().Single(t => t.Item is { Namespace: "System.Collections.Generic", Name: "List`1" }).Index;
        Assert.Equal("System.Private.CoreLib", mstat.Assemblies[mstat.TypeDefinitions[list].Assembly]);
        MstatMethodRecord[] methods = [.. mstat.Methods.Where(m => m.Type == list)];
        Assert.All(methods, m => Assert.True(m.Constructed));
        Assert.Contains(methods, m => mstat.Members[m.Member] == "AddWithResize");
        MstatType nested = mstat.TypeDefinitions.First(t => t.Declaring >= 0);
        Assert.Equal(mstat.TypeDefinitions[nested.Declaring].Assembly, nested.Assembly);
    }

    [Fact]
    public void Damaged_files_are_refused_and_never_throw()
    {
        byte[] good = File.ReadAllBytes(AotSample.Get("hello", "net9.0").Mstat);
        var random = new Random(20);
        for (int i = 0; i < 300; i++)
        {
            byte[] bad = [.. good];
            if (i % 3 == 0) bad = bad[..random.Next(bad.Length)];
            else if (i % 3 == 1)
            {
                // Headers and metadata roots are where it hurts.
                for (int n = 0; n < 20; n++) bad[random.Next(Math.Min(bad.Length, n < 10 ? 2048 : bad.Length))] = (byte)random.Next(256);
            }
            else bad.AsSpan(random.Next(bad.Length - 4096), random.Next(4096)).Fill((byte)random.Next(256));
            using FileView file = FileView.FromBytes(bad, "bad.mstat");
            if (!MstatFile.TryRead(file, out MstatFile? mstat, out string reason)) Assert.NotEmpty(reason);
            else foreach (MstatMethodRecord m in mstat.Methods) _ = mstat.Name(m.Name);
        }
    }

    [Fact]
    public void Another_assembly_is_no_statistics()
    {
        using FileView file = FileView.Open(typeof(MstatFile).Assembly.Location);
        Assert.False(MstatFile.TryRead(file, out _, out string reason));
        Assert.Matches(new Regex("version"), reason);
    }

    // What the instructions load, read with the opcodes that the runtime itself knows.
    private static Dictionary<string, List<long>> Numbers(string path)
    {
        var opcodes = typeof(OpCodes).GetFields().Where(f => f.FieldType == typeof(OpCode)).Select(f => (OpCode)f.GetValue(null)!)
            .Where(o => o.Size == 1).ToDictionary(o => (byte)o.Value);
        var result = new Dictionary<string, List<long>>();
        using var pe = new PEReader(File.OpenRead(path));
        MetadataReader metadata = pe.GetMetadataReader();
        foreach (MethodDefinition method in metadata.MethodDefinitions.Select(metadata.GetMethodDefinition))
        {
            var loaded = result[metadata.GetString(method.Name)] = [];
            BlobReader il = pe.GetMethodBody(method.RelativeVirtualAddress).GetILReader();
            while (il.RemainingBytes > 0)
            {
                OpCode code = opcodes[il.ReadByte()];
                switch (code.OperandType)
                {
                    case OperandType.InlineI:
                        loaded.Add(il.ReadInt32());
                        break;
                    case OperandType.ShortInlineI:
                        loaded.Add(il.ReadSByte());
                        break;
                    case OperandType.InlineNone:
                        if (code.Name!.StartsWith("ldc.i4.", StringComparison.Ordinal)) loaded.Add(code.Name == "ldc.i4.m1" ? -1 : code.Name[^1] - '0');
                        break;
                    default:
                        il.ReadInt32();
                        break;
                }
            }
        }
        return result;
    }
}
