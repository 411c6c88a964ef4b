using System.IO.Compression;

namespace BinarySize.EndToEnd;

/// <summary>Anything else that a project wants measured, in whatever state it is.</summary>
public class FurtherArtifactTests
{
    [Fact]
    public void Files_and_folders_are_measured_beside_what_the_build_made()
    {
        using TestProject app = TestProject.Console("""
              <ItemGroup>
                <BinarySizeArtifact Include="extra/tool" />
                <BinarySizeArtifact Include="extra/assets" />
                <BinarySizeArtifact Include="extra/assets.zip" />
                <BinarySizeBudget Include="assets" Match="extra/assets" Max="10 kB" />
                <BinarySizeBudget Include="png" Scope="file" Match="*.png" Max="1 kB" />
              </ItemGroup>
            """);
        File.Copy("/bin/ls", app.Write("extra/tool", ""), overwrite: true);
        app.Write("extra/assets/a/one.png", new string('x', 700));
        app.Write("extra/assets/b/two.txt", new string('y', 500));
        ZipFile.CreateFromDirectory(app.PathOf("extra/assets"), app.PathOf("extra/assets.zip"));
        app.Succeed("build");
        ReportDocument report = app.Report("bin/Debug/binarysize");
        Assert.Equal(["bin/Debug/net10.0", "extra/tool", "extra/assets", "extra/assets.zip"], report.Artifacts.Select(a => a.Path));
        Assert.Equal(["folder", "file", "folder", "file"], report.Artifacts.Select(a => a.Kind));
        Assert.Equal(Oracle.Size("/bin/ls"), report.Artifacts[1].Size);
        Assert.Equal(Oracle.Sections("/bin/ls"), report.Artifacts[1].Tree.Of("section"));
        Assert.Equal(Oracle.Files(app.PathOf("extra/assets")), report.Artifacts[2].Tree.Of("file"));
        Assert.Equal(Oracle.Zip(app.PathOf("extra/assets.zip")).ToDictionary(e => e.Key, e => e.Value.Packed), report.Artifacts[3].Tree.Of("file"));
        Assert.Equal(1200, report.Budget("assets").Value);
        // The picture, and the same once more inside the archive.
        Assert.Equal(700 + Oracle.Zip(app.PathOf("extra/assets.zip"))["a/one.png"].Packed, report.Budget("png").Value);

        // Publish measures them once more, and only once.
        app.Succeed("publish");
        Assert.Equal(4, app.Report("bin/Release/net10.0/binarysize").Artifacts.Count);
    }

    [Fact]
    public void Bad_input_is_a_warning_and_the_rest_is_measured()
    {
        using TestProject app = TestProject.Console("""
              <ItemGroup>
                <BinarySizeArtifact Include="bad/missing" />
                <BinarySizeArtifact Include="bad/empty" />
                <BinarySizeArtifact Include="bad/folder" />
                <BinarySizeArtifact Include="bad/cut.elf" />
                <BinarySizeArtifact Include="bad/cut.zip" />
                <BinarySizeArtifact Include="bad/lies.zip" />
                <BinarySizeArtifact Include="bad/nothing-in-it" />
                <BinarySizeArtifact Include="bad/dangling" />
                <BinarySizeArtifact Include="bad/circle" />
                <BinarySizeArtifact Include="/proc/self/mem" />
              </ItemGroup>
            """);
        app.Write("bad/empty", "");
        Directory.CreateDirectory(app.PathOf("bad/nothing-in-it"));
        app.Write("bad/folder/good.txt", "12345");
        File.CreateSymbolicLink(app.PathOf("bad/folder/dangling"), "no/such/file");
        File.CreateSymbolicLink(app.PathOf("bad/folder/link"), "good.txt");
        Directory.CreateSymbolicLink(app.PathOf("bad/folder/loop"), "../folder");
        File.CreateSymbolicLink(app.PathOf("bad/dangling"), "no/such/file");
        File.CreateSymbolicLink(app.PathOf("bad/circle"), "circle");
        Tool.Run("mkfifo", app.PathOf("bad/folder/pipe"));
        Tool.Run("bash", "-c", "head -c 20000 /bin/ls > \"$1\"", "cut", app.PathOf("bad/cut.elf"));
        app.Write("bad/zip/one.txt", new string('x', 5000));
        app.Write("bad/zip/two.txt", string.Join(' ', Enumerable.Range(0, 500)));
        ZipFile.CreateFromDirectory(app.PathOf("bad/zip"), app.PathOf("bad/lies.zip"));
        byte[] zip = File.ReadAllBytes(app.PathOf("bad/lies.zip"));
        File.WriteAllBytes(app.PathOf("bad/cut.zip"), zip[..^40]);
        // The first entry of the directory says that it has 2^31 bytes.
        int directory = zip.AsSpan().IndexOf("PK\u0001\u0002"u8);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(zip.AsSpan(directory + 20), 0x7FFFFFFF);
        File.WriteAllBytes(app.PathOf("bad/lies.zip"), zip);

        Outcome built = app.Dotnet("build");
        Assert.True(built.Code == 0, built.ToString());
        List<Diagnostic> found = TestProject.Diagnostics(built);
        Assert.All(found, d => Assert.Equal(("warning", app.ProjectFile), (d.Kind, d.File)));
        Has("BSZ4001", "'bad/missing' does not exist");
        Has("BSZ4001", "'bad/nothing-in-it' is an empty folder");
        Has("BSZ4001", "'bad/dangling' does not exist");
        Has("BSZ4001", "'bad/circle' does not exist");
        Has("BSZ4003", "'cut.elf'");
        Has("BSZ4003", "'cut.zip'");
        Has("BSZ4003", "'lies.zip'");
        Has("BSZ4005", "'dangling' is a link that leads nowhere ('no/such/file')");
        Assert.DoesNotContain(found, d => d.Code == "BSZ4099");

        ReportDocument report = app.Report("bin/Debug/binarysize");
        Assert.Equal(5, report.Main.Files);
        foreach (string file in (string[])["empty", "cut.elf", "cut.zip", "lies.zip"])
        {
            Assert.Equal(Oracle.Size(app.PathOf("bad/" + file)), report.Artifacts.Single(a => a.Path == "bad/" + file).Size);
        }
        // Links are their own text, as du counts them; none is followed, so that a loop ends.
        ArtifactNode folder = report.Artifacts.Single(a => a.Path == "bad/folder");
        Assert.Equal(["dangling", "good.txt", "link", "loop", "pipe"], folder.Tree.Of("file").Keys);
        Assert.Equal(5 + "no/such/file".Length + "good.txt".Length + "../folder".Length, folder.Size);

        void Has(string code, string text) => Assert.True(found.Exists(d => d.Code == code && d.Message.Contains(text, StringComparison.Ordinal)), $"{code} {text}\n{built}");
    }

    [Fact]
    public void What_may_not_be_read_is_a_warning()
    {
        using TestProject app = TestProject.Console("<ItemGroup><BinarySizeArtifact Include=\"secret\" /></ItemGroup>");
        app.Write("secret/readable", "123");
        string locked = app.Write("secret/locked", "1234567");
        // Nobody may open a file that another process has locked, not even root, who reads whatever its mode is.
        Outcome built;
        using (new FileStream(locked, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) built = app.Dotnet("build");
        Assert.True(built.Code == 0, built.ToString());
        Diagnostic warning = Assert.Single(TestProject.Diagnostics(built));
        Assert.Equal("BSZ4002", warning.Code);
        Assert.Contains("'locked'", warning.Message);
        ArtifactNode secret = app.Report("bin/Debug/binarysize").Artifacts[1];
        Assert.Equal(10, secret.Size);
        Assert.Contains(secret.Tree["locked"].All(), n => n.Name.StartsWith("unreadable", StringComparison.Ordinal) && n.Size == 7);
        // The next build reads it, although nothing else changed.
        app.Succeed("build", "--no-restore");
        Assert.Empty(app.Report("bin/Debug/binarysize").Artifacts[1].Warnings);
    }

    [Fact]
    public void A_file_that_is_gone_until_the_next_build_is_noticed()
    {
        using TestProject app = TestProject.Console("<ItemGroup><BinarySizeArtifact Include=\"extra.bin\" /></ItemGroup>");
        app.Write("extra.bin", "12345");
        app.Succeed("build");
        Assert.Equal(5, app.Report("bin/Debug/binarysize").Artifacts[1].Size);
        app.Write("extra.bin", "1234567");
        app.Succeed("build", "--no-restore");
        Assert.Equal(7, app.Report("bin/Debug/binarysize").Artifacts[1].Size);
        File.Delete(app.PathOf("extra.bin"));
        Outcome gone = app.Dotnet("build", "--no-restore");
        Assert.Equal(0, gone.Code);
        Assert.Equal("BSZ4001", Assert.Single(TestProject.Diagnostics(gone)).Code);
        Assert.Single(app.Report("bin/Debug/binarysize").Artifacts);
    }
}
