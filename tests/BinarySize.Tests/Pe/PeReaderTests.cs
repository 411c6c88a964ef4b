using System.Globalization;
using System.Text.RegularExpressions;
using BinarySize.Formats;
using BinarySize.Formats.Pe;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.Pe;

public partial class PeReaderTests
{
    public static TheoryData<string> Files => [
        Path.Combine(PeSamples.Windows, "coreclr.dll"), Path.Combine(PeSamples.Windows, "clrjit.dll"), Path.Combine(PeSamples.Windows, "hello.exe"),
        Path.Combine(PeSamples.Windows, "System.Private.CoreLib.dll"), Path.Combine(PeSamples.Framework, "System.Private.CoreLib.dll"),
        Path.Combine(PeSamples.Linked, "x64.dll"), Path.Combine(PeSamples.Linked, "arm64.dll"), Path.Combine(PeSamples.Linked, "x86.dll"),
        Path.Combine(PeSamples.Linked, "x64-symtab.dll"), Path.Combine(PeSamples.Linked, "x64.obj"), Path.Combine(PeSamples.Linked, "arm64.obj"),
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void Sections_are_those_that_llvm_readobj_lists(string path)
    {
        var expected = SectionPattern().Matches(Tool.Run("llvm-readobj", "--sections", path))
            .Select(m => (m.Groups[1].Value, Convert.ToUInt32(m.Groups[2].Value, 16), Convert.ToUInt32(m.Groups[3].Value, 16), uint.Parse(m.Groups[4].Value), Convert.ToUInt32(m.Groups[5].Value, 16))).ToList();
        using FileView file = FileView.Open(path);
        PeFile pe = PeFile.Parse(file.Bytes);
        Assert.NotEmpty(expected);
        Assert.Equal(expected, pe.Sections.Select(s => (System.Text.Encoding.UTF8.GetString(pe.NameOf(s).Span()), s.VirtualSize, s.VirtualAddress, s.RawSize, s.RawOffset)));

        using SizeMap map = PeSamples.Map(path);
        Assert.Empty(map.Warnings);
        long[] sizes = PeSamples.PartSizes(map);
        var sections = new List<long>();
        for (int i = 0; i < sizes.Length; i++)
        {
            if (map.Parts[i].Kind == PartKind.Section) sections.Add(sizes[i] - Below(map, sizes, i, "relocations"));
        }
        Assert.Equal(pe.Sections.Select(s => (long)s.FileSize), sections);
        Assert.Equal(0, PeSamples.PartSize(map, "gap"));
    }

    private static long Below(SizeMap map, long[] sizes, int part, string name)
    {
        long sum = 0;
        for (int i = part + 1; i < sizes.Length; i++) sum += map.Parts[i].Parent == part && map.Names.Text(map.Parts[i].Name) == name ? sizes[i] : 0;
        return sum;
    }

    [Fact]
    public void Section_sizes_are_those_of_objdump()
    {
        string path = Path.Combine(PeSamples.Windows, "coreclr.dll");
        using SizeMap map = PeSamples.Map(path);
        long[] sizes = PeSamples.PartSizes(map);
        int compared = 0;
        foreach (Match m in ObjdumpPattern().Matches(Tool.Run("objdump", "-h", path)))
        {
            // objdump shows what is used in memory where that is less than the raw data.
            for (int i = 0; i < sizes.Length; i++)
            {
                if (map.Parts[i].Kind != PartKind.Section || map.Names.Text(map.Parts[i].Name) != m.Groups[1].Value) continue;
                Assert.InRange(sizes[i] - Convert.ToInt64(m.Groups[2].Value, 16), 0, 511);
                compared++;
            }
        }
        Assert.True(compared >= 8);
    }

    [Theory]
    [InlineData("coreclr.dll")]
    [InlineData("clrjit.dll")]
    public void Functions_without_symbols_take_the_bytes_that_their_unwind_entries_bound(string name)
    {
        string path = Path.Combine(PeSamples.Windows, name);
        var functions = UnwindPattern().Matches(Tool.Run("objdump", "-p", path))
            .Select(m => (Start: Convert.ToUInt64(m.Groups[1].Value, 16), End: Convert.ToUInt64(m.Groups[2].Value, 16))).ToList();
        Assert.NotEmpty(functions);
        using SizeMap map = PeSamples.Map(path);
        long code = PeSamples.OwnerSizes(map, ContentKind.Code).Where(o => o.Key.Length > 0).Sum(o => o.Value);
        long bounded = functions.Sum(f => (long)(f.End - f.Start));
        // Exported leaf functions have no unwind entry, and come on top.
        Assert.InRange(code - bounded, 0, 1024);
        long rows = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            if (map.Names.Text(map.Parts[map.Slices[i].Part].Name) == "exception directory" && map.Slices[i].Owner != 0) rows += map.LengthOf(i);
        }
        Assert.Equal(functions.Count * 12L, rows);
    }

    [Theory]
    [InlineData("x64.dll")]
    [InlineData("arm64-stripped.dll")]
    public void Exports_are_those_that_llvm_readobj_lists(string name)
    {
        string path = Path.Combine(PeSamples.Linked, name);
        string[] expected = [.. ExportPattern().Matches(Tool.Run("llvm-readobj", "--coff-exports", path)).Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal)];
        using SizeMap map = PeSamples.Map(path);
        Dictionary<string, long> owners = PeSamples.OwnerSizes(map);
        Assert.Equal(["exported", "exported_data"], expected);
        Assert.All(expected, e => Assert.True(owners[e] > e.Length));
        Assert.True(PeSamples.OwnerSizes(map, ContentKind.Code)["exported"] > 40);
    }

    [Fact]
    public void Resources_are_those_that_llvm_readobj_lists()
    {
        string path = Path.Combine(PeSamples.Windows, "coreclr.dll");
        string listing = Tool.Run("llvm-readobj", "--coff-resources", path);
        long expected = ResourcePattern().Matches(listing).Sum(m => long.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture));
        using SizeMap map = PeSamples.Map(path);
        Assert.Equal(expected, PeSamples.PartSize(map, "raw data") + PeSamples.PartSize(map, "version"));
        Assert.Equal(36, PeSamples.PartSize(map, "CLRDEBUGINFO"));
    }

    [Fact]
    public void The_signature_is_a_part_of_its_own_and_what_is_appended_an_overlay()
    {
        string path = Path.Combine(PeSamples.Windows, "coreclr.dll");
        Match certificate = CertificatePattern().Match(Tool.Run("llvm-readobj", "--file-headers", path));
        using SizeMap map = PeSamples.Map(path);
        Assert.Equal(Convert.ToInt64(certificate.Groups[1].Value, 16), PeSamples.PartSize(map, "certificate table"));
        Assert.Equal(0, PeSamples.PartSize(map, "overlay"));

        byte[] appended = [.. File.ReadAllBytes(Path.Combine(PeSamples.Windows, "hello.exe")), .. "a bundle"u8];
        using SizeMap with = PeSamples.Checked(FormatReader.Map(FileView.FromBytes(appended, "hello.exe"), "hello.exe"), appended.Length);
        Assert.Equal(8, PeSamples.PartSize(with, "overlay"));
    }

    [Theory]
    [InlineData("x64.obj")]
    [InlineData("arm64.obj")]
    [InlineData("x64-symtab.dll")]
    [InlineData("x86-symtab.dll")]
    public void Coff_symbols_own_code_and_data(string name)
    {
        string path = Path.Combine(PeSamples.Linked, name);
        using SizeMap map = PeSamples.Map(path);
        Dictionary<string, long> code = PeSamples.OwnerSizes(map, ContentKind.Code), data = PeSamples.OwnerSizes(map, ContentKind.Data);
        string prefix = name.StartsWith("x86", StringComparison.Ordinal) ? "_" : "";
        Assert.True(code[prefix + "big"] > 40 && code[prefix + "helper"] > 20 && code[prefix + "exported"] > 40);
        Assert.Equal(256, data[prefix + "table"]);
        Assert.True(PeSamples.OwnerSizes(map, ContentKind.Symbols)[prefix + "big"] >= 18);
        // Every byte of code is some function's, but for the filling between them.
        long text = Enumerable.Range(0, map.Slices.Length).Where(i => map.Slices[i].Content == ContentKind.Code && map.Slices[i].Owner == 0).Sum(map.LengthOf);
        Assert.InRange(text, 0, 64);
    }

    [Fact]
    public void Text_that_only_starts_like_an_object_file_is_none()
    {
        byte[] text = [0x64, 0x86, .. "just some bytes that mean nothing at all, for as long as it takes"u8];
        using FileView view = FileView.FromBytes(text, "text");
        Assert.Equal(FileFormat.Other, FileFormats.Detect(view.Bytes));
    }

    [Fact]
    public void Facts_of_the_headers_are_told()
    {
        using FileView coreclr = FileView.Open(Path.Combine(PeSamples.Windows, "coreclr.dll")), managed = FileView.Open(Path.Combine(PeSamples.Windows, "hello.dll"));
        PeFile native = PeFile.Parse(coreclr.Bytes), il = PeFile.Parse(managed.Bytes);
        Assert.True(native is { IsImage: true, Is64: true, IsManaged: false, HasControlFlowGuard: true, IsSigned: true, Machine: 0x8664 });
        Assert.True(il is { IsManaged: true, IsSigned: false, HasControlFlowGuard: false });
        Assert.EndsWith("hello.pdb", il.CodeView()!.Path, StringComparison.Ordinal);
        Assert.Equal(coreclr.Length, native.OverlayOffset + native.Directory(4).Size + (native.Directory(4).Rva - native.OverlayOffset));
    }

    [GeneratedRegex(@"Name: (\S+) \(.*?VirtualSize: (0x[0-9A-F]+).*?VirtualAddress: (0x[0-9A-F]+).*?RawDataSize: (\d+).*?PointerToRawData: (0x[0-9A-F]+)", RegexOptions.Singleline)]
    private static partial Regex SectionPattern();

    [GeneratedRegex(@"^\s*\d+ (\S+)\s+([0-9a-f]{8}) ", RegexOptions.Multiline)]
    private static partial Regex ObjdumpPattern();

    [GeneratedRegex(@"^ [0-9a-f]{16}:\t([0-9a-f]{16}) ([0-9a-f]{16}) [0-9a-f]{16}$", RegexOptions.Multiline)]
    private static partial Regex UnwindPattern();

    [GeneratedRegex(@"Name: (\S+)\n\s+(?:RVA|Forwarded)")]
    private static partial Regex ExportPattern();

    [GeneratedRegex(@"DataSize: (\d+)")]
    private static partial Regex ResourcePattern();

    [GeneratedRegex(@"CertificateTableSize: (0x[0-9A-F]+)")]
    private static partial Regex CertificatePattern();
}
