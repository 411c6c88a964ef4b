using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using BinarySize.Attribution.NativeAot;
using BinarySize.Formats.Elf;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.NativeAot;

/// <summary>Damaged binaries, symbol files and statistics: no exception leaves, the map adds up, and it does not take forever.</summary>
public class HostileInputTests
{
    // The bar is 2 s for 1 MB; the three files have 5 MB, the build is not optimised, and the machine may be shared.
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    private static readonly string[] s_sections =
        [".rodata", ".eh_frame", ".eh_frame_hdr", ".dotnet_eh_table", ".data", ".rela.dyn", "__managedcode", ".text", ".dynamic", ".gnu_debuglink"];

    [Fact]
    public void Flipped_bytes_cost_owners_at_most()
    {
        (byte[] binary, byte[] debug, byte[] mstat) = Load();
        var random = new Random(8);
        (int Start, int Length)[] targets = [.. s_sections.Select(s => Section(binary, s)), (0, 4096), (binary.Length - 4096, 4096)];
        for (int round = 0; round < 36; round++)
        {
            byte[] b = [.. binary], d = debug, m = mstat;
            (int start, int length) = targets[round % targets.Length];
            for (int i = 0; i < 200; i++) b[start + random.Next(length)] = (byte)random.Next(256);
            if (round % 3 == 0)
            {
                d = [.. debug];
                for (int i = 0; i < 500; i++) d[0x1000 + random.Next(d.Length - 0x1000)] = (byte)random.Next(256);
            }
            if (round % 4 == 0)
            {
                m = [.. mstat];
                for (int i = 0; i < 20; i++) m[random.Next(m.Length)] = (byte)random.Next(256);
            }
            Check(b, d, m, $"round {round}");
        }
    }

    [Fact]
    public void Truncated_files_cost_owners_at_most()
    {
        (byte[] binary, byte[] debug, byte[] mstat) = Load();
        foreach (double share in (double[])[0.01, 0.3, 0.6, 0.9, 0.99])
        {
            Check(binary[..(int)(binary.Length * share)], debug, mstat, $"binary {share}");
            Check(binary, debug[..(int)(debug.Length * share)], mstat, $"symbols {share}");
            Check(binary, debug, mstat[..(int)(mstat.Length * share)], $"statistics {share}");
        }
    }

    [Fact]
    public void Blobs_of_one_value_end()
    {
        (byte[] binary, byte[] debug, byte[] mstat) = Load();
        (int start, int length) = Section(binary, ".rodata");
        foreach (byte value in (byte[])[0x00, 0x01, 0x02, 0x7F, 0x80, 0xFF])
        {
            byte[] b = [.. binary];
            b.AsSpan(start, length).Fill(value);
            // The metadata's signature keeps its reader going.
            BinaryPrimitives.WriteUInt32LittleEndian(b.AsSpan(start), NativeMetadata.Signature);
            Check(b, debug, mstat, $"filled with {value}");
        }
    }

    [Fact]
    public void All_symbols_at_one_place_and_with_one_name_end()
    {
        (byte[] binary, byte[] debug, byte[] mstat) = Load();
        (int start, int length) = Section(debug, ".symtab");
        byte[] d = [.. debug];
        ulong value = BinaryPrimitives.ReadUInt64LittleEndian(d.AsSpan(start + 24 * 11 + 8));
        for (int at = start + 24; at + 24 <= start + length; at += 24) BinaryPrimitives.WriteUInt64LittleEndian(d.AsSpan(at + 8), value);
        Check(binary, d, mstat, "one place");
        d = [.. debug];
        for (int at = start + 24; at + 24 <= start + length; at += 24) BinaryPrimitives.WriteUInt32LittleEndian(d.AsSpan(at), 1);
        (int strings, int size) = Section(debug, ".strtab");
        d.AsSpan(strings + 1, size - 1).Fill((byte)'_');
        Check(binary, d, mstat, "one name");
    }

    private static void Check(byte[] binary, byte[] debug, byte[] mstat, string what)
    {
        var watch = Stopwatch.StartNew();
        FileView file = FileView.FromBytes(binary, "app");
        var builder = new SizeMapBuilder(file.Bytes, file.Length, "app");
        builder.Keep(file);
        var scope = new MapScope(builder, 0, 0, file.Bytes);
        ElfFile elf;
        try
        {
            elf = ElfFile.Parse(file.Bytes);
        }
        catch (BadFormatException)
        {
            builder.Build().Dispose();
            return;
        }
        NativeAotAttribution.TryApply(scope, elf, new NativeAotInputs
        {
            DebugFile = FileView.FromBytes(debug, "app.dbg"),
            Mstat = FileView.FromBytes(mstat, "app.mstat"),
        });
        using SizeMap map = builder.Build();
        long sum = 0;
        for (int i = 0; i < map.Slices.Length; i++) sum += map.LengthOf(i);
        Assert.Equal(binary.Length, sum);
        Assert.True(watch.Elapsed < s_limit, $"{what}: {watch.Elapsed}");
    }

    private static (byte[] Binary, byte[] Debug, byte[] Mstat) Load()
    {
        AotSample sample = AotSample.Get("hello", "net9.0");
        return (File.ReadAllBytes(sample.Binary), File.ReadAllBytes(sample.Debug), File.ReadAllBytes(sample.Mstat));
    }

    private static (int Start, int Length) Section(byte[] bytes, string name)
    {
        using FileView file = FileView.FromBytes(bytes, "elf");
        ElfFile elf = ElfFile.Parse(file.Bytes);
        ElfSection section = elf.Sections[elf.FindSection(Encoding.ASCII.GetBytes(name))];
        return ((int)section.Offset, (int)section.FileSize);
    }
}
