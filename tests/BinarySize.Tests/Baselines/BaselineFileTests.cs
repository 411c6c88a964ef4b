using System.Text;
using BinarySize.Baselines;
using BinarySize.IO;
using BinarySize.Reports;

namespace BinarySize.Tests.Baselines;

public sealed class BaselineFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bsz").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static Snapshot Sample(string key = "net10.0/linux-x64/Release/aot", long app = 1_300_000) => new()
    {
        Key = key,
        Sdk = "10.0.100",
        Settings = "0123456789ab",
        Files = { ["App"] = new(app, 4000), ["App.dbg"] = new(2_000_000), ["wwwroot/app.*.js"] = new(5_000) },
        Further = { ["tool"] = new(70) },
        Packages = { ["Dapper"] = new(200_000) },
        Assemblies = { ["System.Private.CoreLib"] = new(700_000), ["App"] = new(3_000) },
        Budgets = { ["json"] = new SnapshotSelection("raw type System.Text.Json.*", new(StringComparer.Ordinal) { ["System.Text.Json.JsonSerializer"] = new(900) }) },
    };

    private static byte[] Bytes(params Snapshot[] snapshots)
    {
        var file = new BaselineFile();
        foreach (Snapshot snapshot in snapshots) file.Update(snapshot);
        return file.Write();
    }

    [Fact]
    public void What_is_written_is_by_the_schema_and_is_read_back()
    {
        byte[] bytes = Bytes(Sample(), Sample("any/any/Release/pack"));
        Assert.Equal(["ok"], JsonSchema.Validate("baseline-1.json", [bytes]));
        Assert.Equal(bytes, BaselineFile.Parse(bytes).Write());
        string text = Encoding.UTF8.GetString(bytes);
        Assert.DoesNotContain('\r', text);
        Assert.EndsWith("}\n", text, StringComparison.Ordinal);
        // Each value stands on a line of its own, and its neighbours' lines are no values.
        string[] lines = text.Split('\n');
        for (int i = 1; i < lines.Length; i++)
        {
            if (lines[i].Contains("\"size\"", StringComparison.Ordinal)) Assert.DoesNotContain("\"size\"", lines[i - 1], StringComparison.Ordinal);
        }
        Assert.True(text.IndexOf("any/any", StringComparison.Ordinal) < text.IndexOf("net10.0/", StringComparison.Ordinal));
        Assert.True(text.IndexOf("\"App\"", StringComparison.Ordinal) < text.IndexOf("\"App.dbg\"", StringComparison.Ordinal));
    }

    [Fact]
    public void The_schema_refuses_what_the_reader_refuses()
    {
        string valid = Encoding.UTF8.GetString(Bytes(Sample()));
        string[] changes = [valid.Replace("\"schema\": 1", "\"schema\": 2", StringComparison.Ordinal), valid.Replace("\"size\": 900", "\"size\": -900", StringComparison.Ordinal),
            valid.Replace("\"size\": 900", "\"size\": 1.5", StringComparison.Ordinal), valid.Replace("\"size\": 900", "\"size\": \"900\"", StringComparison.Ordinal), valid.Replace("\"files\"", "\"fils\"", StringComparison.Ordinal),
            valid.Replace("\"size\": 900", "\"size\": 99999999999999999999", StringComparison.Ordinal), valid.Replace("net10.0/linux-x64/Release/aot", "net10.0", StringComparison.Ordinal), valid.Replace("\"sdk\": \"10.0.100\",", "", StringComparison.Ordinal)];
        Assert.DoesNotContain("ok", JsonSchema.Validate("baseline-1.json", [.. changes.Select(Encoding.UTF8.GetBytes)]));
        Assert.All(changes, c => Assert.Throws<BadJsonException>(() => BaselineFile.Parse(Encoding.UTF8.GetBytes(c))));
    }

    [Theory]
    [InlineData("", 1, "empty")]
    [InlineData("{", 1, "no JSON")]
    [InlineData("[]", 1, "an object is needed")]
    [InlineData("{\n\"schema\": 2,\n\"baselines\": {}\n}", 2, "schema 2 of a newer BinarySize")]
    [InlineData("{\n\"schema\": 0,\n\"baselines\": {}\n}", 2, "no schema 0")]
    [InlineData("{\"schema\": 1}", 1, "\"baselines\" is missing")]
    [InlineData("{\"schema\": 1,\n\"baselines\": {},\n\"x\": 1}", 3, "\"x\" is not known")]
    [InlineData("{\n<<<<<<< HEAD\n\"schema\": 1,\n=======\n\"schema\": 1,\n>>>>>>> topic\n\"baselines\": {}}", 2, "conflict markers")]
    [InlineData("{\"schema\": 1,\n\"baselines\": {},\n\"baselines\": {}}", 3, "\"baselines\" stands there twice")]
    [InlineData("{\"schema\": 1, // why\n\"baselines\": {}}", 1, "no JSON")]
    [InlineData("{\"schema\": 1, \"baselines\": {\n\"net10.0\": {}}}", 2, "no key of the form")]
    [InlineData("{\"schema\": 1, \"baselines\": {\"a/b/c/d\": {\"sdk\": \"\", \"settings\": \"\", \"files\": {\n\"a\": {\n\"size\": -1}}}}}", 3, "-1 is negative")]
    [InlineData("{\"schema\": 1, \"baselines\": {\"a/b/c/d\": {\"sdk\": \"\", \"settings\": \"\", \"files\": {\n\"a\": {\n\"size\": 1e99}}}}}", 3, "1e99 is no whole number")]
    [InlineData("{\"schema\": 1, \"baselines\": {\"a/b/c/d\": {\"sdk\": \"\", \"settings\": \"\", \"files\": {\n\"a\": {\n\"size\": 9223372036854775807}}}}}", 3, "more than anything can have")]
    [InlineData("{\"schema\": 1, \"baselines\": {\"a/b/c/d\": {\"sdk\": \"\", \"settings\": \"\", \"files\": {\n\"a\": {\"size\": 1},\n\"a\": {\"size\": 2}}}}}", 3, "\"a\" stands there twice")]
    [InlineData("{\"schema\": 1, \"baselines\": {\"a/b/c/d\": {\"sdk\": \"\", \"settings\": \"\", \"files\": {\n\"a/../../b\": {\"size\": 1}}}}}", 2, "leads out of the folder")]
    [InlineData("{\"schema\": 1, \"baselines\": {\"a/b/c/d\": {\"sdk\": \"\", \"settings\": \"\", \"files\": {\n\"a\": {\"size\": 1, \"padding\": 2}}}}}", 2, "more padding than bytes")]
    [InlineData("{\"schema\": 1, \"baselines\": {\"a/b/c/d\": {\"settings\": \"\"}}}", 1, "\"sdk\" is missing")]
    [InlineData("{\"schema\": 1, \"baselines\": {}}\n{}", 2, "no JSON")]
    [InlineData("{\"schema\": 1, \"baselines\": {\"a/b/c/\ud800\": {}}}", 1, "no key")]
    public void What_is_damaged_is_refused_with_its_line(string text, int line, string message)
    {
        BadJsonException e = Assert.Throws<BadJsonException>(() => BaselineFile.Parse(Encoding.UTF8.GetBytes(text)));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Equal(line, e.Line);
    }

    [Fact]
    public void Damaged_bytes_never_do_more_than_be_refused()
    {
        byte[] good = Bytes(Sample());
        var random = new Random(3);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bad = good.AsSpan(0, i % 3 == 0 ? random.Next(good.Length) : good.Length).ToArray();
            for (int n = random.Next(4); n > 0 && bad.Length > 0; n--) bad[random.Next(bad.Length)] = (byte)random.Next(256);
            try
            {
                BaselineFile.Parse(bad).Write();
            }
            catch (BadJsonException e)
            {
                Assert.InRange(e.Line, 1, 200);
            }
        }
        Assert.Throws<BadJsonException>(() => BaselineFile.Parse(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("[", 100_000)))));
        Assert.Throws<BadJsonException>(() => BaselineFile.Parse(new byte[20 << 20]));
    }

    [Fact]
    public void What_hardly_moved_keeps_its_value()
    {
        var file = new BaselineFile();
        file.Update(Sample());
        byte[] before = file.Write();
        Snapshot now = Sample(app: 1_300_063);
        now.Assemblies["App"] = new(2_950);
        file.Update(now);
        Assert.Equal(before, file.Write());

        now.Files["App"] = new(1_300_064, 4000);
        now.Files["App.dbg"] = new(2_000_010);
        now.Files["new.txt"] = new(3);
        now.Files.Remove("wwwroot/app.*.js");
        file.Update(now);
        Snapshot kept = file.Entries.Values.Single();
        Assert.Equal([("App", 1_300_064), ("App.dbg", 2_000_000), ("new.txt", 3)], kept.Files.Select(f => (f.Key, f.Value.Size)));
        // Small steps in one direction are counted from what is written, not from one another.
        for (int i = 1; i <= 3; i++)
        {
            now.Files["App.dbg"] = new(2_000_000 + (30 * i));
            file.Update(now);
            Assert.Equal(i < 3 ? 2_000_000 : 2_000_090, file.Entries.Values.Single().Files["App.dbg"].Size);
        }
    }

    [Fact]
    public void Builds_that_write_at_the_same_time_lose_nothing()
    {
        string path = Path.Combine(_folder, BaselineFile.DefaultName);
        Parallel.For(0, 16, i => BaselineFile.UpdateOnDisk(path, [Sample($"net{i}.0/linux-x64/Release/aot")]));
        Assert.Equal(16, BaselineFile.Read(path)!.Entries.Count);
        Assert.False(BaselineFile.UpdateOnDisk(path, [Sample("net3.0/linux-x64/Release/aot")]));

        // What is damaged stays as it is.
        File.WriteAllText(path, "<<<<<<< HEAD\n");
        Assert.Throws<BadJsonException>(() => BaselineFile.UpdateOnDisk(path, [Sample()]));
        Assert.Equal("<<<<<<< HEAD\n", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder));
        Assert.Null(BaselineFile.Read(path + ".none"));
    }

    [Theory]
    [InlineData("net10.0", "linux-x64", "Release", "aot", "net10.0/linux-x64/Release/aot")]
    [InlineData("", null, "Release", "pack", "any/any/Release/pack")]
    [InlineData("net10.0-windows10.0.19041", "win-x64", "My Config/../x", "publish", "net10.0-windows10.0.19041/win-x64/My_Config_.._x/publish")]
    public void Keys(string? framework, string? runtime, string? configuration, string kind, string expected)
    {
        Assert.Equal(expected, BaselineFile.KeyOf(framework, runtime, configuration, kind));
        Assert.True(BaselineFile.IsKey(expected));
    }
}
