using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using BinarySize.Formats;
using BinarySize.Formats.Elf;
using BinarySize.IO;
using BinarySize.Mapping;

namespace BinarySize.Tests.Elf;

/// <summary>Rare but legal files, and damaged ones.</summary>
public class ElfOddTests
{
    [Fact]
    public void More_sections_than_the_header_can_count()
    {
        string folder = Directory.CreateTempSubdirectory("many").FullName;
        try
        {
            var source = new StringBuilder();
            for (int i = 0; i < 66_000; i++) source.Append(System.Globalization.CultureInfo.InvariantCulture, $".section .data.s{i},\"aw\",@progbits\n.globl v{i}\n.type v{i},@object\n.size v{i},4\nv{i}: .long {i}\n");
            string assembly = Path.Combine(folder, "many.s"), path = Path.Combine(folder, "many.o");
            File.WriteAllText(assembly, source.ToString());
            Tool.Run("as", "-o", path, assembly);
            using FileView view = FileView.Open(path);
            ElfFile elf = ElfFile.Parse(view.Bytes);
            Assert.Empty(elf.Problems);
            Assert.Contains($"Number of section headers:         0 ({elf.Sections.Length})", Tool.Run("readelf", "-h", path), StringComparison.Ordinal);
            int index = elf.FindSection(".data.s65999"u8);
            Assert.True(index > 0xFF00);
            using SizeMap map = FormatReader.Map(FileView.Open(path), "many.o");
            Assert.Empty(map.Warnings);
            ElfSamples.CheckSum(map);
            (int compared, _) = ElfSymbolTests.CompareWithNm(map, path, dynamic: false, name => name);
            Assert.Equal(66_000, compared);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Relative_relocations_belong_to_what_they_relocate()
    {
        string folder = Directory.CreateTempSubdirectory("relr").FullName;
        try
        {
            string source = Path.Combine(folder, "a.c"), path = Path.Combine(folder, "a.so");
            File.WriteAllText(source, "static int x; int *table[200] = { [0 ... 199] = &x }; int *single = &x;");
            Tool.Run("gcc", "-shared", "-fPIC", "-Wl,-z,pack-relative-relocs", "-o", path, source);
            using SizeMap map = FormatReader.Map(FileView.Open(path), "a.so");
            long relocations = 0;
            for (int i = 0; i < map.Slices.Length; i++)
            {
                Slice s = map.Slices[i];
                if (map.Names.Text(map.Parts[s.Part].Name) == ".relr.dyn" && map.Names.Text(map.Owners[s.Owner].Name) == "table") relocations += map.LengthOf(i);
            }
            // 200 words: at least one address or the tail of a bitmap, and three bitmaps of 63.
            Assert.InRange(relocations, 24, 40);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Aliases_share_and_every_name_has_its_symbols_bytes()
    {
        string path = ElfSamples.ObjectFixtures.Single(f => f.EndsWith("/x86_64.o", StringComparison.Ordinal));
        using SizeMap map = FormatReader.Map(FileView.Open(path), "x86_64.o");
        long one = 0, other = 0, tables = 0, unwind = 0, relocations = 0;
        for (int i = 0; i < map.Slices.Length; i++)
        {
            Slice s = map.Slices[i];
            string name = map.Names.Text(map.Owners[s.Owner].Name);
            if (name == "caller" && s.Content == ContentKind.Code) one += map.LengthOf(i);
            if (name == "alias_of_caller" && s.Content == ContentKind.Code)
            {
                Assert.Equal(Basis.Derived, s.Basis);
                other += map.LengthOf(i);
            }
            if (name != "_Z7guardedi") continue;
            if (s.Content == ContentKind.Symbols) tables += map.LengthOf(i);
            if (s.Content == ContentKind.Unwind) unwind += map.LengthOf(i);
            if (s.Content == ContentKind.Relocations) relocations += map.LengthOf(i);
        }
        Assert.InRange(one - other, -1, 1);
        Assert.True(one > 5);
        Assert.Equal(24 + "_Z7guardedi".Length + 1, tables);
        Assert.True(unwind > 24, $"{unwind}");
        Assert.True(relocations >= 2 * 24, $"{relocations}");
    }

    public static TheoryData<string, int> Mutations
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (string file in (string[])["/bin/ls", "/usr/lib/x86_64-linux-gnu/crt1.o", .. ElfSamples.ObjectFixtures.Where(f => f.Contains("mips.o", StringComparison.Ordinal) || f.Contains("x86_64", StringComparison.Ordinal)), "archive"])
            {
                data.Add(file, 1);
                data.Add(file, 2);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Mutations))]
    public void Damaged_files_are_mapped_to_the_last_byte(string file, int seed)
    {
        byte[] original = file == "archive" ? MakeArchive() : File.ReadAllBytes(file);
        var random = new Random(seed);
        var watch = Stopwatch.StartNew();
        ulong[] odd = [0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, (ulong)original.Length, (ulong)original.Length - 1];
        Span<byte> number = stackalloc byte[8];
        for (int round = 0; round < 400; round++)
        {
            byte[] bytes = (byte[])original.Clone();
            if (round % 4 == 0) bytes = bytes[..random.Next(bytes.Length)];
            for (int n = random.Next(0, 8); n > 0 && bytes.Length > 16; n--)
            {
                // Headers are where damage does most: the first bytes and the last.
                int at = random.Next(4) switch
                {
                    0 => random.Next(Math.Min(bytes.Length, 1024)),
                    1 => bytes.Length - 1 - random.Next(Math.Min(bytes.Length, 4096)),
                    _ => random.Next(bytes.Length),
                };
                if (random.Next(2) == 0) bytes[at] ^= (byte)(1 << random.Next(8));
                else
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(number, odd[random.Next(odd.Length)]);
                    number[..Math.Min(random.Next(2) == 0 ? 4 : 8, bytes.Length - at)].CopyTo(bytes.AsSpan(at));
                }
            }
            using SizeMap map = FormatReader.Map(FileView.FromBytes(bytes, "damaged"), "damaged");
            ElfSamples.CheckSum(map);
        }
        // 400 files, on a machine that has other things to do: 3 s where it has not.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(180), $"{watch.Elapsed}");
    }

    private static byte[] MakeArchive()
    {
        using var archive = new MemoryStream();
        archive.Write("!<arch>\n"u8);
        foreach (string path in ElfSamples.ObjectFixtures.Take(3))
        {
            byte[] member = File.ReadAllBytes(path);
            archive.Write(Encoding.ASCII.GetBytes($"{Path.GetFileName(path) + "/",-16}{0,-12}{0,-6}{0,-6}{644,-8}{member.Length,-10}`\n"));
            archive.Write(member);
            if (member.Length % 2 != 0) archive.WriteByte((byte)'\n');
        }
        return archive.ToArray();
    }

    public static TheoryData<string> Traps => ["same names", "aliases", "nested", "overlapping sections", "long names", "many relocation tables", "segments"];

    /// <summary>1 MB files that are made to be slow.</summary>
    [Theory]
    [MemberData(nameof(Traps))]
    public void Traps_take_no_time(string trap)
    {
        byte[] bytes = MakeTrap(trap);
        TimeSpan best = TimeSpan.MaxValue;
        // The quickest of a few: other tests run at the same time.
        for (int attempt = 0; attempt < 5 && best > TimeSpan.FromSeconds(2); attempt++)
        {
            var watch = Stopwatch.StartNew();
            using SizeMap map = FormatReader.Map(FileView.FromBytes(bytes, trap), trap);
            if (watch.Elapsed < best) best = watch.Elapsed;
            ElfSamples.CheckSum(map);
            // A slice takes 20 bytes and an owner 28.
            Assert.True(map.Owners.Length + map.Slices.Length < 4_000_000);
        }
        Assert.True(best <= TimeSpan.FromSeconds(2), $"{best}");
    }

    private static byte[] MakeTrap(string trap)
    {
        const int size = 1 << 20;
        byte[] b = new byte[size];
        var random = new Random(3);
        if (trap == "long names") b.AsSpan().Fill((byte)'a');
        "\u007fELF"u8.CopyTo(b);
        b[4] = 2;
        b[5] = 1;
        void Put(int at, ulong value, int bytes)
        {
            for (int i = 0; i < bytes; i++) b[at + i] = (byte)(value >> (8 * i));
        }
        void Section(int table, int index, uint type, ulong flags, ulong address, int offset, int length, uint link, uint info, int entry)
        {
            int at = table + 64 * index;
            Put(at, 1, 4);
            Put(at + 4, type, 4);
            Put(at + 8, flags, 8);
            Put(at + 16, address, 8);
            Put(at + 24, (ulong)offset, 8);
            Put(at + 32, (ulong)length, 8);
            Put(at + 40, link, 4);
            Put(at + 44, info, 4);
            Put(at + 48, 1, 8);
            Put(at + 56, (ulong)entry, 8);
        }
        int sections = trap is "overlapping sections" or "many relocation tables" ? 8000 : 8;
        int headers = 64;
        Put(16, trap == "many relocation tables" ? 1u : 3u, 2);
        Put(18, 62, 2);
        Put(40, (ulong)headers, 8);
        Put(52, 64, 2);
        Put(54, 56, 2);
        Put(58, 64, 2);
        Put(60, (ulong)sections, 2);
        Put(62, 3, 2);
        if (trap == "segments")
        {
            Put(32, 4096, 8);
            Put(56, 16_000, 2);
            for (int i = 0; i < 16_000; i++)
            {
                int at = 4096 + 56 * i;
                Put(at, 1, 4);
                Put(at + 8, (ulong)random.Next(size), 8);
                Put(at + 16, (ulong)random.Next(1 << 24), 8);
                Put(at + 32, (ulong)random.Next(size), 8);
            }
        }
        int end = headers + 64 * sections;
        int symbols = 20_000, table = end, strings = table + 24 * symbols, code = strings + 1000;
        Section(headers, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        Section(headers, 1, 2, 0, 0, table, 24 * symbols, 3, 0, 24);
        Section(headers, 2, 1, 6, 0x100000, strings, size - strings, 0, 0, 0);
        Section(headers, 3, 3, 0, 0, strings, size - strings, 0, 0, 0);
        Section(headers, 4, 11, 2, 0, table, 24 * symbols, 3, 0, 24);
        Section(headers, 5, 1, 6, 0x400000, code, size - code, 0, 0, 0);
        for (int i = 6; i < sections; i++)
        {
            if (trap == "overlapping sections") Section(headers, i, 1, 2, (ulong)random.Next(1 << 22), random.Next(size), random.Next(size), 0, 0, 0);
            else if (trap == "many relocation tables") Section(headers, i, 4, 0, 0, end, size - end, 1, (uint)(2 + (i & 1)), 24);
            else Section(headers, i, 0, 0, 0, 0, 0, 0, 0, 0);
        }
        for (int i = 1; i < symbols; i++)
        {
            int at = table + 24 * i;
            Put(at, (uint)(trap == "same names" ? 1 : 1 + (i % 900)), 4);
            b[at + 4] = 0x12;
            Put(at + 6, 5, 2);
            ulong value = 0x400000, length = 100_000;
            if (trap == "nested") (value, length) = (0x400000 + (ulong)i, 200_000 - 2 * (ulong)i);
            else if (trap == "aliases") (value, length) = i % 2 == 0 ? (0x400000UL, 400_000UL) : (0x400000 + 4 * (ulong)i, 2UL);
            else if (trap != "same names") (value, length) = (0x400000 + (ulong)random.Next(400_000), (ulong)random.Next(1000));
            Put(at + 8, value, 8);
            Put(at + 16, length, 8);
        }
        return b;
    }
}
