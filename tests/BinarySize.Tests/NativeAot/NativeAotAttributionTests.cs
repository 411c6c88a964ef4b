using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using BinarySize.Artifacts;
using BinarySize.Attribution.NativeAot;
using BinarySize.Formats.Elf;
using BinarySize.IO;
using BinarySize.Mapping;
using BinarySize.Tests.Archives;

namespace BinarySize.Tests.NativeAot;

public class NativeAotAttributionTests
{
    [Theory]
    [InlineData("hello", "net9.0")]
    [InlineData("webapi", "net9.0")]
    [InlineData("hello", "net8.0")]
    [InlineData("webapi", "net8.0")]
    public void Nearly_every_byte_has_a_fine_owner(string app, string framework)
    {
        AotSample sample = AotSample.Get(app, framework);
        using SizeMap map = Coverage.Map(sample.Binary, sample.Mstat, sample.Debug);
        Assert.Empty(map.Warnings);
        Coverage coverage = Coverage.Of(map);
        string told = coverage.Describe();
        Assert.Equal(new FileInfo(sample.Binary).Length, coverage.Total);
        Assert.True(coverage.Named >= 0.99 * coverage.Total, told);
        Assert.True(coverage.Estimated <= 0.03 * coverage.Total, told);
        Assert.True(coverage.InAssembly >= 0.99 * coverage.Managed, told);
        Assert.True(coverage.ByOwner.GetValueOrDefault(NativeComponents.Other) <= 0.001 * coverage.Total, told);
        Assert.DoesNotContain(coverage.ByOwner, o => o.Key.EndsWith("/compiler-made data", StringComparison.Ordinal) && o.Value > 0.001 * coverage.Total);
    }

    [Theory]
    [InlineData("hello", "net9.0")]
    [InlineData("hello", "net8.0")]
    [InlineData("webapi", "net9.0")]
    public void Code_by_assembly_is_what_the_statistics_say(string app, string framework)
    {
        AotSample sample = AotSample.Get(app, framework);
        using SizeMap map = Coverage.Map(sample.Binary, sample.Mstat, sample.Debug);
        Dictionary<string, long> code = [];
        ForEach(map, (part, content, length, owners) =>
        {
            if (part != "__managedcode" || content != ContentKind.Code) return;
            string assembly = owners.FirstOrDefault(o => o.Kind == OwnerKind.Assembly).Name ?? "";
            code[assembly] = code.GetValueOrDefault(assembly) + length;
        });
        using FileView file = FileView.Open(sample.Mstat);
        Assert.True(MstatFile.TryRead(file, out MstatFile? mstat, out _));
        var expected = mstat.Methods.GroupBy(m => mstat.Assemblies[mstat.TypeDefinitions[m.Type].Assembly]).ToDictionary(g => g.Key, g => g.Sum(m => (long)m.Code));
        foreach ((string assembly, long size) in expected)
        {
            // Stubs of five bytes that only jump on ("tentative" methods) and the start-up method are no method of the statistics.
            long actual = code.GetValueOrDefault(assembly);
            Assert.True(actual >= size && actual <= size * 1.01 + 400, $"{assembly}: {actual} and {size}");
        }
    }

    [Theory]
    [InlineData("hello", "net9.0", "9.0.")]
    [InlineData("webapi", "net9.0", "9.0.")]
    [InlineData("webapi", "net8.0", "8.0.")]
    public void Native_symbols_are_in_the_component_of_the_archive_that_defines_them(string app, string framework, string version)
    {
        // What nm says of the archives that the linker took them from.
        string packages = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages", "runtime.linux-x64.microsoft.dotnet.ilcompiler");
        string pack = Directory.GetDirectories(packages, version + "*").Order(StringComparer.Ordinal).Last();
        var archives = new Dictionary<string, string>
        {
            ["framework/libSystem.Native.a"] = NativeComponents.SystemNative,
            ["framework/libSystem.Globalization.Native.a"] = NativeComponents.Globalization,
            ["framework/libSystem.Security.Cryptography.Native.OpenSsl.a"] = NativeComponents.OpenSsl,
            ["sdk/libeventpipe-enabled.a"] = NativeComponents.EventPipe,
        };
        var defined = new Dictionary<string, string>();
        var twice = new HashSet<string>();
        foreach ((string archive, string component) in archives)
        {
            foreach (string line in Tool.Run("nm", "-g", "--defined-only", Path.Combine(pack, archive)).Split('\n'))
            {
                string[] fields = line.Split(' ');
                if (fields.Length == 3 && !defined.TryAdd(fields[2], component)) twice.Add(fields[2]);
            }
        }
        AotSample sample = AotSample.Get(app, framework);
        using SizeMap map = Coverage.Map(sample.Binary, sample.Mstat, sample.Debug);
        long right = 0, wrong = 0;
        var missed = new SortedSet<string>(StringComparer.Ordinal);
        ForEach(map, (_, _, length, owners) =>
        {
            if (owners[^1].Kind != OwnerKind.Symbol || !defined.TryGetValue(owners[^1].Name, out string? component) || twice.Contains(owners[^1].Name)) return;
            if (owners[^2].Name == component) right += length;
            else
            {
                wrong += length;
                missed.Add(owners[^1].Name);
            }
        });
        // Helpers that several archives have a copy of stand with the platform layer.
        Assert.True(right > 10_000 && wrong <= 0.1 * right && missed.All(n => n.StartsWith("minipal_", StringComparison.Ordinal)), string.Join(" ", missed));
    }

    [Theory]
    [InlineData("hello", "net9.0")]
    [InlineData("webapi", "net8.0")]
    public void Reflection_metadata_is_read_record_by_record(string app, string framework)
    {
        AotSample sample = AotSample.Get(app, framework);
        using SizeMap map = Coverage.Map(sample.Binary, sample.Mstat, sample.Debug);
        (long start, _) = Symbol(sample, "__embedded_metadata");
        // Offsets of records, as the compiler wrote them down.
        var records = new HashSet<long>();
        foreach (string line in File.ReadLines(sample.MetadataLog))
        {
            if (Regex.Match(line, @"^([0-9a-f]{8}), \w+, ") is { Success: true } record) records.Add(int.Parse(record.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 0xFFFFFF);
        }
        long end = records.Max(), owned = 0, all = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            long from = Math.Max(map.Slices[i].Start - start, 0), to = Math.Min(map.Slices[i].Start + map.LengthOf(i) - start, end);
            if (to <= from) continue;
            all += to - from;
            if (OwnersOf(map, map.Slices[i].Owner).Any(o => o.Kind == OwnerKind.Assembly)) owned += to - from;
            // Owners change only where a record starts.
            else Assert.True(from == 0 || records.Contains(from), $"{from:x}");
        }
        Assert.True(owned >= 0.99 * all, $"{owned} of {all}");
    }

    [Fact]
    public void Strings_are_the_users_and_their_bytes_the_streams()
    {
        AotSample sample = AotSample.Get("hello", "net9.0");
        byte[] file = File.ReadAllBytes(sample.Binary);
        using SizeMap map = Coverage.Map(sample.Binary, sample.Mstat, sample.Debug);
        // The literal of Program.cs lies in the stream in one piece or a few, and belongs to the program.
        int at = file.AsSpan().IndexOf(Encoding.Unicode.GetBytes("Hello"));
        Assert.True(at > 0);
        int slice = Enumerable.Range(0, map.Slices.Length).Last(i => map.Slices[i].Start <= at);
        (OwnerKind Kind, string Name)[] owners = OwnersOf(map, map.Slices[slice].Owner);
        Assert.Equal("hello", owners.Single(o => o.Kind == OwnerKind.Assembly).Name);
        Assert.Equal("<Main>$", owners.Single(o => o.Kind == OwnerKind.Member).Name);
    }

    [Fact]
    public void Every_object_of_the_dehydrated_stream_has_its_own_bytes()
    {
        AotSample sample = AotSample.Get("hello", "net9.0");
        using FileView file = FileView.Open(sample.Binary), debug = FileView.Open(sample.Debug);
        ElfFile binary = ElfFile.Parse(file.Bytes);
        AotImage image = AotImage.Create(binary, ElfFile.Parse(debug.Bytes).SymbolTable);
        AotArea hydrated = image.Areas[image.FindArea(".hydrated"u8)];
        (long offset, ulong address) = Symbol(sample, "__dehydrated_data");
        using var found = new NativeChunks<DehydratedRun>();
        DehydratedData.Decode(file.Bytes.Slice(offset), address, hydrated.End, found, out _);
        DehydratedRun[] runs = found.ToArray();
        Assert.Equal(hydrated.Start, runs[0].Target);
        Assert.Equal(hydrated.Length, runs.Sum(r => r.Length));

        // Made as the program makes it when it starts, every literal's length agrees with where the next object is.
        var memory = new byte[hydrated.Length];
        foreach (DehydratedRun run in runs)
        {
            if (run.Command == DehydratedData.Copy) file.Bytes.Span(offset + run.Payload, (int)run.Length).CopyTo(memory.AsSpan((int)(run.Target - hydrated.Start)));
        }
        int strings = 0;
        foreach (AotItem item in image.Items)
        {
            string name = Encoding.UTF8.GetString(image.Name(image.Symbols[item.First]));
            if (!name.StartsWith("__Str_", StringComparison.Ordinal)) continue;
            strings++;
            int at = (int)(item.Start - hydrated.Start), length = BitConverter.ToInt32(memory, at + 8);
            string text = Encoding.Unicode.GetString(memory, at + 12, length * 2);
            // The symbol's name starts with the text, what is no letter or digit replaced.
            string mangled = Regex.Replace(Regex.Replace(text, "[^a-zA-Z0-9]", "_"), "^(?=[0-9])", "_");
            string shown = name["__Str_".Length..];
            int same = mangled.Zip(shown).TakeWhile(p => p.First == p.Second).Count();
            Assert.True(same >= Math.Min(mangled.Length, 4) || text.Any(c => c > 127), $"{name}: {text}");
            Assert.Equal(0, memory[at + 12 + length * 2]);
        }
        Assert.True(strings > 500);
    }

    [Theory]
    [InlineData("hello", "net9.0")]
    [InlineData("webapi", "net9.0")]
    public void Exception_tables_go_with_their_methods(string app, string framework)
    {
        AotSample sample = AotSample.Get(app, framework);
        using SizeMap map = Coverage.Map(sample.Binary, sample.Mstat, sample.Debug);
        // The linker kept the compiler's own names for the tables: _lsda<n><method>.
        using FileView file = FileView.Open(sample.Binary), debug = FileView.Open(sample.Debug);
        AotImage image = AotImage.Create(ElfFile.Parse(file.Bytes), ElfFile.Parse(debug.Bytes).SymbolTable);
        var methodOwner = new Dictionary<string, int>();
        int slice = 0;
        int OwnerAt(ulong address)
        {
            long offset = image.OffsetOf(address);
            while (slice > 0 && map.Slices[slice].Start > offset) slice--;
            while (slice + 1 < map.Slices.Length && map.Slices[slice + 1].Start <= offset) slice++;
            return map.Slices[slice].Owner;
        }
        int code = image.FindArea("__managedcode"u8), tables = image.FindArea(".dotnet_eh_table"u8), known = 0, same = 0;
        foreach (AotItem item in image.Items)
        {
            if (item.Area == code && item.Count == 1) methodOwner[Encoding.UTF8.GetString(image.Name(image.Symbols[item.First]))] = OwnerAt(item.Start);
        }
        foreach (AotItem item in image.Items)
        {
            if (item.Area != tables || item.Count != 1) continue;
            string method = Regex.Replace(Encoding.UTF8.GetString(image.Name(image.Symbols[item.First])), @"^_lsda\d", "");
            if (!methodOwner.TryGetValue(method, out int owner)) continue;
            known++;
            int actual = OwnerAt(item.Start);
            // A table that several methods share starts with the first one's share.
            if (actual == owner || map.Owners[actual].Kind == map.Owners[owner].Kind && map.Slices[slice].Basis == Basis.Derived) same++;
        }
        Assert.True(known > 1000 && same >= 0.99 * known, $"{same} of {known}");
    }

    [Fact]
    public void What_the_compiler_writes_besides_does_not_change_the_binary()
    {
        AotSample with = AotSample.Get("hello", "net9.0");
        byte[] plain = File.ReadAllBytes(Path.Combine(Samples.Publish("hello", "-p:PublishAot=true"), "hello")), full = File.ReadAllBytes(with.Binary);
        Assert.Equal(plain.Length, full.Length);
        // Built in two folders: build-id (20 bytes), the checksum of the debug file (4) and the module's id (16) follow the paths.
        Assert.True(plain.Zip(full).Count(p => p.First != p.Second) <= 40);
    }

    [Fact]
    public void Without_statistics_symbols_still_tell_the_runtime_from_the_program()
    {
        AotSample sample = AotSample.Get("hello", "net9.0");
        using SizeMap map = Coverage.Map(sample.Binary, null, sample.Debug);
        Assert.Contains(map.Warnings, w => w.Code == MapWarningCodes.Attribution);
        Coverage coverage = Coverage.Of(map);
        Assert.True(coverage.ByOwner[NativeComponents.GarbageCollector] > 100_000, coverage.Describe());
        Assert.True(coverage.Named >= 0.97 * coverage.Total, coverage.Describe());
    }

    [Fact]
    public void Without_symbols_owners_are_as_coarse_as_sections()
    {
        AotSample sample = AotSample.Get("hello", "net9.0");
        using SizeMap map = Coverage.Map(sample.Binary, sample.Mstat, null);
        Assert.Contains(map.Warnings, w => w.Code == MapWarningCodes.Attribution);
        Assert.Equal(new FileInfo(sample.Binary).Length, Coverage.Of(map).Total);
    }

    [Fact]
    public void Files_of_another_build_are_not_used()
    {
        AotSample hello = AotSample.Get("hello", "net9.0"), other = AotSample.Get("hello", "net8.0"), webapi = AotSample.Get("webapi", "net9.0");
        using (SizeMap map = Coverage.Map(hello.Binary, webapi.Mstat, hello.Debug)) Assert.Contains(map.Warnings, w => w.Code == MapWarningCodes.Mismatch);
        using (SizeMap map = Coverage.Map(hello.Binary, hello.Mstat, other.Debug)) Assert.Contains(map.Warnings, w => w.Code == MapWarningCodes.Mismatch);
    }

    [Fact]
    public void Assemblies_stand_below_their_packages()
    {
        AotSample sample = AotSample.Get("hello", "net9.0");
        using SizeMap map = Coverage.Map(sample.Binary, sample.Mstat, sample.Debug, name => name.StartsWith("System.", StringComparison.Ordinal) ? ("Framework", "9.0.0") : null);
        var packages = new HashSet<string>();
        ForEach(map, (_, _, _, owners) =>
        {
            if (owners.Length > 1 && owners[1].Kind == OwnerKind.Assembly) packages.Add(owners[0].Name);
            if (owners[0].Kind == OwnerKind.Assembly) packages.Add("no package: " + owners[0].Name);
        });
        Assert.Equal(["Framework", "no package: hello"], packages.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_ordinary_program_is_left_alone()
    {
        using FileView file = FileView.Open("/bin/ls");
        var builder = new SizeMapBuilder(file.Bytes, file.Length, "ls");
        Assert.False(NativeAotAttribution.TryApply(new MapScope(builder, 0, 0, file.Bytes), ElfFile.Parse(file.Bytes), new NativeAotInputs()));
    }

    // "My.App" is no "My" with an extension.
    [Theory]
    [InlineData("My.App", "My.App.mstat")]
    [InlineData("App.so", "App.mstat")]
    public void Statistics_beside_a_binary_are_found(string name, string statistics)
    {
        AotSample sample = AotSample.Get("hello", "net9.0");
        using var folder = new TemporaryFolder();
        string binary = Path.Combine(folder.Path, name);
        File.Copy(sample.Binary, binary);
        File.Copy(sample.Debug, binary + ".dbg");
        File.Copy(sample.Mstat, Path.Combine(folder.Path, statistics));
        using MeasuredArtifact artifact = Measurer.Measure(name, ArtifactKind.File, [FolderWalker.Find(binary, name)!], [], new MeasureOptions());
        Assert.Empty(artifact.Warnings);
        Assert.True(Coverage.Of(artifact.Files[0].Map).InAssembly > 0);
    }

    private static (long Offset, ulong Address) Symbol(AotSample sample, string name)
    {
        string line = Tool.Run("nm", sample.Debug).Split('\n').Single(l => l.EndsWith(" " + name, StringComparison.Ordinal));
        ulong address = ulong.Parse(line.Split(' ')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        using FileView file = FileView.Open(sample.Binary);
        Assert.True(ElfFile.Parse(file.Bytes).TryGetOffset(address, out long offset));
        return (offset, address);
    }

    private static (OwnerKind Kind, string Name)[] OwnersOf(SizeMap map, int owner)
    {
        var path = new List<(OwnerKind, string)>();
        for (; owner != 0; owner = map.Owners[owner].Parent) path.Add((map.Owners[owner].Kind, map.Names.Text(map.Owners[owner].Name)));
        path.Reverse();
        return [.. path];
    }

    private static void ForEach(SizeMap map, Action<string, ContentKind, long, (OwnerKind Kind, string Name)[]> look)
    {
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Slice s = map.Slices[i];
            if (s.Owner != 0) look(map.Names.Text(map.Parts[s.Part].Name), s.Content, map.LengthOf(i), OwnersOf(map, s.Owner));
        }
    }
}
