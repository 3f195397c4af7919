//! Folds characters for comparison: half width, lower case, simplified. Only
//! traditional characters with exactly one simplified form are folded, so that
//! distinct names stay distinct.

/// Traditional characters that occur in addresses, each followed by its simplified
/// form.
const SIMPLIFIED: &str = "強强區区縣县鎮镇鄉乡號号樓楼棟栋單单層层東东廣广場场園园門门龍龙鳳凤馬马車车橋桥\
    運运灣湾島岛陽阳陰阴華华國国興兴寧宁豐丰慶庆義义禮礼學学書书畫画賓宾館馆廠厂\
    產产業业農农莊庄嶺岭巖岩澗涧溝沟塗涂蘇苏滬沪漢汉濟济贛赣遼辽黃黄紅红綠绿藍蓝\
    銀银錫锡鋼钢鐵铁長长遠远達达順顺業业榮荣貴贵實实寶宝聖圣愛爱親亲豪豪麗丽嵐岚\
    勝胜戰战開开闢辟關关閘闸閣阁間间聞闻問问閩闽衛卫術术職职員员圓圆團团圖图圍围\
    壩坝壇坛報报夢梦嶽岳廳厅廟庙廬庐張张彎弯徑径從从復复憶忆懷怀應应揚扬換换擴扩\
    樹树機机權权歐欧歡欢歷历氣气決决況况淺浅淨净滿满漁渔潔洁濱滨瀋沈灘滩燈灯爾尔\
    現现環环瑪玛瓊琼電电當当療疗發发監监盤盘礦矿碼码種种積积稅税穀谷竇窦筆笔節节\
    簡简紀纪約约純纯紡纺細细終终組组結结統统維维網网緣缘線线編编練练縱纵總总織织\
    繡绣繼继續续羅罗聯联聲声臨临舊旧艦舰藝艺藥药蘭兰處处蝦虾裝装規规視视計计訂订\
    記记設设許许診诊詩诗話话誠诚語语調调談谈請请論论謝谢證证譽誉護护讓让貝贝財财\
    貨货販贩貿贸資资賢贤質质賽赛趙赵跡迹軍军軌轨軒轩軟软輕轻輝辉輪轮轉转農农邊边\
    郵邮鄧邓鄭郑鄰邻醫医釣钓鈴铃錢钱鍾钟鐘钟鑽钻閱阅際际陳陈陸陆隊队階阶隨随險险\
    雙双雞鸡離离雲云霧雾靈灵靜静項项須须預预領领頭头題题額额風风飛飞飯饭飲饮餘余\
    館馆駐驻騰腾驛驿體体魚鱼魯鲁鮮鲜鳥鸟鴨鸭鵝鹅鶴鹤鷹鹰麥麦點点齊齐龜龟壹壹";

/// Returns the folded form of a character.
pub(crate) fn fold(letter: char) -> char {
    let narrow = match letter {
        // The full-width forms of ASCII are one block at a fixed offset; the
        // ideographic space is outside of it.
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        _ => letter,
    };
    if narrow.is_ascii() {
        return narrow.to_ascii_lowercase();
    }
    let mut pairs = SIMPLIFIED.chars();
    while let (Some(traditional), Some(simplified)) = (pairs.next(), pairs.next()) {
        if traditional == narrow {
            return simplified;
        }
    }
    narrow
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn each_traditional_letter_has_one_simplified_letter_that_stays() {
        let letters: Vec<char> = SIMPLIFIED.chars().collect();
        assert_eq!(letters.len() % 2, 0);
        let mut known = HashMap::new();
        for pair in letters.chunks(2) {
            assert_eq!(
                *known.entry(pair[0]).or_insert(pair[1]),
                pair[1],
                "{pair:?}"
            );
            assert_eq!(fold(pair[1]), pair[1], "{pair:?}");
        }
    }
}
